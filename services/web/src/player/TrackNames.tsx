import type { Track } from "../api/client";
import { href } from "../router";
import { t } from "../texts";
import styles from "./TrackNames.module.css";

/** Title and artist of a track on two lines. */
export function TrackNames({ track, large = false }: { track: Track; large?: boolean }) {
  return (
    <div class={`${styles.names} ${large ? styles.large : ""}`}>
      {track.album_id ? (
        <a class={`${styles.title} ${styles.link}`} title={track.title} href={href(["album", track.album_id])}>
          {track.title}
        </a>
      ) : (
        <span class={styles.title} title={track.title}>
          {track.title}
        </span>
      )}
      {track.artist_id ? (
        <a class={`${styles.artist} ${styles.link}`} href={href(["artist", track.artist_id])}>
          {track.artist}
        </a>
      ) : (
        <span class={styles.artist}>{track.artist ?? t().unknownArtist}</span>
      )}
    </div>
  );
}
