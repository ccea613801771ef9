import { ListPlus, Play, Radio, X } from "lucide-preact";
import type { ComponentChildren } from "preact";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { Skeleton } from "../../components/Skeleton";
import { TrackRow } from "../../components/TrackRow";
import { addToPlaylist, type NamedTrack } from "../../state/playlists";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { idsOf, playAll, radioFrom } from "./actions";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { clearChoice, path, pathStart, selection } from "./state";
import { tracksOf } from "./tracks";

/** Tracks of a selection that are listed. */
const LISTED = 30;

/** What was chosen on the map: the tracks of a lasso or a region, or a path. */
export function ChoicePanel({ index }: { index: MapIndex }) {
  const texts = t().map;
  const found = path.value;
  if (found) {
    const numbers = found.tracks.map(({ id }) => index.numberOf(id)).filter((number) => number !== null);
    const ends = [found.tracks[0]?.title, found.tracks.at(-1)?.title] as const;
    return (
      <Panel index={index} title={texts.pathBetween(ends[0] ?? "", ends[1] ?? "")} numbers={numbers} isPath>
        <Rows tracks={found.tracks} />
      </Panel>
    );
  }
  const chosen = selection.value;
  if (chosen) {
    return (
      <Panel index={index} title={chosen.title} numbers={chosen.numbers}>
        <Chosen index={index} numbers={chosen.numbers} />
      </Panel>
    );
  }
  return (
    <section class={`${styles.panel} ${styles.choice}`} aria-label={texts.modes.path} data-over-map>
      <header>
        <h2>{pathStart.value === null ? "" : texts.choosePathEnd}</h2>
        <IconButton icon={X} size="sm" label={t().actions.cancel} onClick={clearChoice} />
      </header>
    </section>
  );
}

interface PanelProps {
  index: MapIndex;
  title: string;
  numbers: readonly number[];
  isPath?: boolean;
  children: ComponentChildren;
}

function Panel({ index, title, numbers, isPath = false, children }: PanelProps) {
  const texts = t();
  return (
    <section class={`${styles.panel} ${styles.choice}`} aria-label={title} data-over-map>
      <header>
        <div>
          <h2>{title}</h2>
          <p>{texts.counts.tracks(numbers.length)}</p>
        </div>
        <IconButton icon={X} size="sm" label={texts.actions.close} onClick={clearChoice} />
      </header>
      <div class={styles.choiceActions}>
        <Button
          look="primary"
          size="sm"
          icon={<Play size={16} aria-hidden="true" />}
          onClick={() => playAll(index, numbers, title)}
        >
          {texts.actions.play}
        </Button>
        {!isPath && (
          <Button
            size="sm"
            icon={<Radio size={16} aria-hidden="true" />}
            onClick={() => radioFrom(index, numbers, title)}
          >
            {texts.map.radio}
          </Button>
        )}
        <Button
          size="sm"
          icon={<ListPlus size={16} aria-hidden="true" />}
          onClick={() => addToPlaylist(idsOf(index, numbers).map(unnamed), title)}
        >
          {texts.map.playlist}
        </Button>
      </div>
      {children}
    </section>
  );
}

function Chosen({ index, numbers }: { index: MapIndex; numbers: readonly number[] }) {
  const { data } = useResource(() => tracksOf(idsOf(index, numbers.slice(0, LISTED))), [numbers]);
  if (!data) return <Skeleton of="rows" count={4} />;
  return (
    <>
      <Rows tracks={data} />
      {numbers.length > LISTED && <p class={styles.more}>{t().map.more(numbers.length - LISTED)}</p>}
    </>
  );
}

function Rows({ tracks }: { tracks: readonly Track[] }) {
  return (
    <ul class={styles.rows}>
      {tracks.map((track, start) => (
        <li key={track.id}>
          <TrackRow track={track} onPlay={() => playNow(tracks, { start, from: t().nav.map })} />
        </li>
      ))}
    </ul>
  );
}

/** The dialog names a single track only, and adds tracks by their ids. */
export const unnamed = (id: string): NamedTrack => ({ id, title: t().counts.tracks(1), artist: null });
