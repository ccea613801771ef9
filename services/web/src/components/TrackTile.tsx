import { AudioLines, Play } from "lucide-preact";
import type { Track } from "../api/client";
import { current } from "../state/queue";
import { t } from "../texts";
import { Cover } from "./Cover";
import { PreviewButton } from "./PreviewButton";
import styles from "./TrackTile.module.css";

/** A track of a shelf: its cover, which plays it, its title, its artist and its preview. */
export function TrackTile({ track, onPlay }: { track: Track; onPlay: () => void }) {
  const isCurrent = current.value?.id === track.id;
  return (
    <li class={styles.tile} aria-current={isCurrent ? "true" : undefined} data-preview-host>
      <button type="button" class={styles.cover} aria-label={t().actions.playTitle(track.title)} onClick={onPlay}>
        <Cover of={{ kind: "tracks", id: track.id }} size="fill" />
        <span class={styles.play}>
          {isCurrent ? <AudioLines size={22} aria-hidden="true" /> : <Play size={22} aria-hidden="true" />}
        </span>
      </button>
      <PreviewButton track={track} class={styles.preview} />
      <span class={styles.title} title={track.title}>
        {track.title}
      </span>
      <span class={styles.by}>{track.artist ?? t().unknownArtist}</span>
    </li>
  );
}
