import { useState } from "preact/hooks";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { Match } from "../../components/Match";
import { TrackRow } from "../../components/TrackRow";
import { playNow } from "../../state/queue";
import { verdictOf } from "../../state/verdicts";
import { t } from "../../texts";
import styles from "./Hits.module.css";
import type { Hit } from "./question";

interface Props {
  title: string;
  hits: readonly Hit[];
  /** Name of the list in the queue. */
  from: string;
  reasonOf: (hit: Hit) => string | null;
  /** Rows that are shown at first. */
  first?: number;
}

/** A list of tracks that were found, each with the reason. */
export function Hits({ title, hits, from, reasonOf, first = hits.length }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  if (!hits.length) return null;
  const shown = isWhole ? hits : hits.slice(0, first);
  function playFrom(track: Track) {
    const queue = hits.map((hit) => hit.track).filter((each) => each === track || verdictOf(each.id) !== "ban");
    playNow(queue, { start: queue.indexOf(track), from });
  }
  return (
    <section class={styles.hits} aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {shown.map((hit) => (
          <li key={hit.track.id}>
            <TrackRow track={hit.track} reason={reasonOf(hit)} onPlay={() => playFrom(hit.track)}>
              {hit.score !== null && <Match score={hit.score} to={hit.comparedTo} />}
            </TrackRow>
          </li>
        ))}
      </ul>
      {shown.length < hits.length && (
        <Button look="quiet" size="sm" class={styles.more} onClick={() => setIsWhole(true)}>
          {t().search.showAll(hits.length)}
        </Button>
      )}
    </section>
  );
}
