import type { Track } from "../../api/client";
import { Cover } from "../../components/Cover";
import { playNow } from "../../state/queue";
import { t } from "../../texts";
import styles from "./Suggestions.module.css";

/** Covers that fit into a card. */
const SHOWN = 6;

/** What a taste leads to: a few recommended tracks. A click plays them from there. */
export function Suggestions({ tracks, from }: { tracks: readonly Track[]; from: string }) {
  if (!tracks.length) return null;
  return (
    <div class={styles.suggestions}>
      <h3>{t().taste.leadsTo}</h3>
      <ul class={styles.covers}>
        {tracks.slice(0, SHOWN).map((track, index) => (
          <li key={track.id}>
            <button
              type="button"
              class={styles.cover}
              title={`${track.title} · ${track.artist ?? t().unknownArtist}`}
              aria-label={t().actions.playTitle(track.title)}
              onClick={() => playNow(tracks, { start: index, from })}
            >
              <Cover of={{ kind: "tracks", id: track.id }} size="fill" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
