import type { Track } from "../api/client";
import { t } from "../texts";
import styles from "./TrackNames.module.css";

/** Title and artist of a track on two lines. */
export function TrackNames({ track, large = false }: { track: Track; large?: boolean }) {
  return (
    <div class={`${styles.names} ${large ? styles.large : ""}`}>
      <span class={styles.title} title={track.title}>
        {track.title}
      </span>
      <span class={styles.artist}>{track.artist ?? t().unknownArtist}</span>
    </div>
  );
}
