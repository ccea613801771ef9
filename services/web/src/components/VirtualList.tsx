import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import styles from "./VirtualList.module.css";

interface Props {
  count: number;
  /** Height of an item in pixels. */
  itemHeight: number;
  label: string;
  renderItem: (index: number) => ComponentChildren;
  /** Told which items are on screen, to load them. */
  onRange?: (first: number, last: number) => void;
  /** The element that scrolls: the view. */
  scroller: RefObject<HTMLElement>;
}

/** A list of any length that renders only the items on screen. */
export function VirtualList({ count, itemHeight, label, renderItem, onRange, scroller }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [, redraw] = useState(0);
  const virtualizer = useRef<Virtualizer<HTMLElement, Element>>();
  const options = {
    count,
    estimateSize: () => itemHeight,
    getScrollElement: () => scroller.current,
    scrollMargin: list.current?.offsetTop ?? 0,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw((round) => round + 1),
  };
  virtualizer.current ??= new Virtualizer(options);
  virtualizer.current.setOptions(options);
  useEffect(() => virtualizer.current?._didMount(), []);
  useLayoutEffect(() => virtualizer.current?._willUpdate());
  const items = virtualizer.current.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];
  useEffect(() => {
    if (last >= first) onRange?.(first, last);
  }, [first, last, onRange]);
  return (
    <ul ref={list} class={styles.list} aria-label={label} style={{ height: `${count * itemHeight}px` }}>
      {items.map(({ index, start }) => (
        <li
          key={index}
          class={styles.item}
          aria-setsize={count}
          aria-posinset={index + 1}
          style={{ height: `${itemHeight}px`, transform: `translateY(${start - options.scrollMargin}px)` }}
        >
          {renderItem(index)}
        </li>
      ))}
    </ul>
  );
}
