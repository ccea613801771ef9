import { ArrowDown, ArrowUp } from "lucide-preact";
import { useCallback } from "preact/hooks";
import type { Track } from "../../api/client";
import { TrackRow } from "../../components/TrackRow";
import { VirtualList } from "../../components/VirtualList";
import { setQuery } from "../../router";
import type { Pages } from "../../state/pages";
import { playNow } from "../../state/queue";
import { useScroller } from "../../state/view";
import { formatAgo, t } from "../../texts";
import { formatMeasure } from "../../texts/measures";
import styles from "./Songs.module.css";
import { NAME_SORTS, type Songs, type Sort, sortName } from "./songs";

const ROW_PIXELS = 56;
/** Tracks that follow the one that is played. */
const FOLLOWING = 200;

interface Props {
  pages: Pages<Track>;
  total: number;
  songs: Songs;
}

/** The songs as rows. The fourth column shows what they are sorted by. */
export function SongList({ pages, total, songs }: Props) {
  const texts = t().library;
  const scroller = useScroller();
  const onRange = useCallback((first: number, last: number) => pages.show(first, last), [pages]);
  const measure = measureOf(songs.sort);
  const play = (index: number) => playNow(pages.from(index, FOLLOWING), { start: 0, from: texts.songs });
  return (
    <div class={styles.list}>
      <div class={styles.head}>
        <span />
        <span class={styles.names}>
          <Heading sort="title" songs={songs} />
          <Heading sort="artist" songs={songs} />
        </span>
        <Heading sort="album" songs={songs} />
        <Heading sort={measure} songs={songs} isNumber />
        <Heading sort="duration_ms" songs={songs} isNumber />
        <span />
      </div>
      <VirtualList
        count={total}
        itemHeight={ROW_PIXELS}
        label={texts.songs}
        scroller={scroller}
        onRange={onRange}
        renderItem={(index) => {
          const track = pages.item(index);
          if (!track) return <div class={styles.blank} />;
          return (
            <TrackRow track={track} onPlay={() => play(index)}>
              <span class={styles.measure}>{textOf(track, measure)}</span>
            </TrackRow>
          );
        }}
      />
    </div>
  );
}

/** What the column before the length shows: what the songs are sorted by, or else the year. */
function measureOf(sort: Sort): Sort {
  const isShown = sort === "duration_ms" || (sort !== "added" && NAME_SORTS.some((name) => name === sort));
  return isShown ? "year" : sort;
}

function textOf(track: Track, measure: Sort): string {
  if (measure === "added") return track.added_at ? formatAgo(new Date(track.added_at)) : "";
  const values = { ...track.descriptors, ...track.attributes, year: track.year } as Record<string, number | null>;
  const value = values[measure];
  return value === null || value === undefined ? "" : formatMeasure(measure, value);
}

/** The name of a column, which sorts by it, and in the other direction when it is pressed again. */
function Heading({ sort, songs, isNumber = false }: { sort: Sort; songs: Songs; isNumber?: boolean }) {
  const isSorted = songs.sort === sort;
  const isDescending = isSorted && songs.order === "desc";
  const texts = t().library;
  const name = sortName(sort, texts.columns);
  const Arrow = isDescending ? ArrowDown : ArrowUp;
  const state = isDescending ? texts.descending : texts.ascending;
  return (
    <button
      type="button"
      class={`${styles.heading} ${isNumber ? styles.end : ""} ${isSorted ? styles.sorted : ""}`}
      aria-label={isSorted ? `${texts.sortByName(name)}. ${state}` : texts.sortByName(name)}
      onClick={() => setQuery({ sort, order: isSorted && !isDescending ? "desc" : null })}
    >
      {name}
      {isSorted && <Arrow size={14} aria-hidden="true" />}
    </button>
  );
}
