import type { ComponentChildren } from "preact";
import { useCallback } from "preact/hooks";
import { useScroller, useWidth } from "../state/view";
import styles from "./VirtualGrid.module.css";
import { VirtualList } from "./VirtualList";

interface Props {
  count: number;
  label: string;
  renderItem: (index: number) => ComponentChildren;
  onRange: (first: number, last: number) => void;
}

const TILE_MIN = 168;
const TILE_MIN_NARROW = 140;
const NARROW = 500;
const GAP = 16;
/** Height of the text below the picture, a title of two lines and a note, and the space between rows. */
const BELOW = 92;

/** Tiles with square pictures, any number of them, of which only those on screen are rendered. */
export function VirtualGrid({ count, label, renderItem, onRange }: Props) {
  const scroller = useScroller();
  const { element, width } = useWidth<HTMLDivElement>();
  const minimum = width < NARROW ? TILE_MIN_NARROW : TILE_MIN;
  const columns = Math.max(1, Math.floor((width + GAP) / (minimum + GAP)));
  const tile = (width - GAP * (columns - 1)) / columns;
  const onRows = useCallback(
    (first: number, last: number) => onRange(first * columns, Math.min(count, (last + 1) * columns) - 1),
    [onRange, columns, count],
  );
  return (
    <div ref={element}>
      {width > 0 && (
        <VirtualList
          key={width}
          count={Math.ceil(count / columns)}
          itemHeight={Math.round(tile + BELOW)}
          label={label}
          scroller={scroller}
          onRange={onRows}
          renderItem={(row) => (
            <div class={styles.row} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
              {Array.from({ length: Math.min(columns, count - row * columns) }, (_, column) =>
                renderItem(row * columns + column),
              )}
            </div>
          )}
        />
      )}
    </div>
  );
}
