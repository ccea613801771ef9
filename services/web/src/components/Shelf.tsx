import { ChevronLeft, ChevronRight } from "lucide-preact";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../texts";
import { IconButton } from "./IconButton";
import styles from "./Shelf.module.css";

interface Props {
  title: string;
  /** What the tiles are, in a few words. */
  note?: string;
  /** Controls beside the title. */
  actions?: ComponentChildren;
  /** Called when the pointer comes and when it goes. */
  onPoint?: (isThere: boolean) => void;
  children: ComponentChildren;
}

/** How far a click on an arrow scrolls, as a share of the visible width. */
const STEP = 0.8;

/** Tiles in one row that scrolls sideways. */
export function Shelf({ title, note, actions, onPoint, children }: Props) {
  const id = useId();
  const row = useRef<HTMLUListElement>(null);
  const canScroll = useOverflow(row);
  const scroll = (direction: number) =>
    row.current?.scrollBy({ left: direction * STEP * row.current.clientWidth, behavior: "smooth" });
  return (
    <section
      class={styles.shelf}
      aria-labelledby={id}
      onPointerEnter={() => onPoint?.(true)}
      onPointerLeave={() => onPoint?.(false)}
    >
      <header class={styles.header}>
        <div>
          <h2 id={id}>{title}</h2>
          {note && <p class={styles.note}>{note}</p>}
        </div>
        <div class={styles.actions}>
          {actions}
          {canScroll && (
            <span class={styles.arrows}>
              <IconButton icon={ChevronLeft} label={t().shelf.back(title)} size="sm" onClick={() => scroll(-1)} />
              <IconButton icon={ChevronRight} label={t().shelf.on(title)} size="sm" onClick={() => scroll(1)} />
            </span>
          )}
        </div>
      </header>
      <ul ref={row} class={styles.row}>
        {children}
      </ul>
    </section>
  );
}

/** Whether a row is wider than what is visible of it. */
function useOverflow(row: RefObject<HTMLElement>): boolean {
  const [isWider, setWider] = useState(false);
  useEffect(() => {
    const { current } = row;
    if (!current) return;
    const measure = () => setWider(current.scrollWidth > current.clientWidth);
    const sizes = new ResizeObserver(measure);
    const tiles = new MutationObserver(measure);
    sizes.observe(current);
    tiles.observe(current, { childList: true });
    return () => {
      sizes.disconnect();
      tiles.disconnect();
    };
  }, [row]);
  return isWider;
}
