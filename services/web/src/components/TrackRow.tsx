import { AudioLines, Play } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Track } from "../api/client";
import { current } from "../state/queue";
import { formatLength, t } from "../texts";
import { Cover } from "./Cover";
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
  return (
    <div class={styles.row} aria-current={isCurrent ? "true" : undefined}>
      <button type="button" class={styles.cover} onClick={onPlay} aria-label={t().actions.playTitle(track.title)}>
        <Cover of={{ kind: "tracks", id: track.id }} size={40} />
        <span class={styles.play}>
          {isCurrent ? <AudioLines size={18} aria-hidden="true" /> : <Play size={18} aria-hidden="true" />}
        </span>
      </button>
      <div class={styles.names}>
        <span class={styles.title}>{track.title}</span>
        <span class={styles.by}>{track.artist ?? t().unknownArtist}</span>
        {reason && <span class={styles.by}>{reason}</span>}
      </div>
      <span class={styles.album}>{track.album}</span>
      <div class={styles.extra}>{children}</div>
      <span class={styles.length}>{track.duration_ms === null ? "" : formatLength(track.duration_ms)}</span>
      <TrackMenu track={track} />
    </div>
  );
}
