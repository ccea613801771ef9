import { Ban, Heart, Pause, Play, TriangleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Track } from "../api/client";
import { href } from "../router";
import { current, playing, togglePlay } from "../state/queue";
import { failedTracks } from "../state/queueState";
import { verdictOf } from "../state/verdicts";
import { formatLength, t } from "../texts";
import { Cover } from "./Cover";
import { PlayingBars } from "./PlayingBars";
import { PreviewButton } from "./PreviewButton";
import { TrackMenu } from "./TrackMenu";
import styles from "./TrackRow.module.css";

interface Props {
  track: Track;
  onPlay: () => void;
  /** Why it is here, below the artist. */
  reason?: ComponentChildren;
  /** Controls before the menu, such as `Match` or a button. */
  children?: ComponentChildren;
}

/** One track of a list: cover, title, artist, album, length and menu. The playing track is marked. */
export function TrackRow({ track, onPlay, reason, children }: Props) {
  const isCurrent = current.value?.id === track.id;
  const isPlaying = isCurrent && playing.value;
  const verdict = verdictOf(track.id);
  const { actions, player, queue, unknownArtist } = t();
  return (
    <div
      class={`${styles.row} ${verdict === "ban" ? styles.banned : ""}`}
      aria-current={isCurrent ? "true" : undefined}
      data-preview-host
    >
      <button
        type="button"
        class={styles.cover}
        onClick={isCurrent ? togglePlay : onPlay}
        aria-label={isPlaying ? actions.pauseTitle(track.title) : actions.playTitle(track.title)}
      >
        <Cover of={{ kind: "tracks", id: track.id }} size={40} />
        <span class={styles.play}>
          {isPlaying ? <Pause size={18} aria-hidden="true" /> : <Play size={18} aria-hidden="true" />}
        </span>
        {isCurrent && (
          <span class={styles.mark}>
            <PlayingBars isMoving={isPlaying} />
          </span>
        )}
      </button>
      <div class={styles.names}>
        <span class={styles.title} title={track.title}>
          {track.title}
        </span>
        <Linked class={styles.by} path={track.artist_id && ["artist", track.artist_id]}>
          {track.artist ?? unknownArtist}
        </Linked>
        {reason && <span class={styles.reason}>{reason}</span>}
      </div>
      <Linked class={styles.album} path={track.album_id && ["album", track.album_id]}>
        {track.album}
      </Linked>
      <div class={styles.extra}>
        {failedTracks.value.has(track.id) && (
          <span class={styles.failed} title={queue.failed}>
            <TriangleAlert size={16} role="img" aria-label={queue.failed} />
          </span>
        )}
        {verdict === "like" && (
          <Heart size={16} role="img" aria-label={player.liked} class={styles.liked} fill="currentColor" />
        )}
        {verdict === "ban" && <Ban size={16} role="img" aria-label={player.banned} class={styles.ban} />}
        {children}
      </div>
      <span class={styles.length}>{track.duration_ms === null ? "" : formatLength(track.duration_ms)}</span>
      <div class={styles.end}>
        <PreviewButton track={track} />
        <TrackMenu track={track} />
      </div>
    </div>
  );
}

interface LinkedProps {
  class: string | undefined;
  path: string[] | "" | null | undefined;
  children: ComponentChildren;
}

/** A link if there is somewhere to go. */
function Linked({ class: look, path, children }: LinkedProps) {
  if (!path) return <span class={look}>{children}</span>;
  return (
    <a class={`${look} ${styles.link}`} href={href(path)}>
      {children}
    </a>
  );
}
