import { FileX, GripVertical, X } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { IconButton } from "../../components/IconButton";
import { TrackRow } from "../../components/TrackRow";
import { VirtualList } from "../../components/VirtualList";
import type { Playlist, PlaylistItem } from "../../state/playlists";
import { t } from "../../texts";
import styles from "./Entries.module.css";
import { arrange, type Editor, removeItem } from "./editing";
import { dropIndex, moved } from "./reorder";

/** Pixels of a row: `--size-row`. */
const ROW = 56;
/** Pixels from the edge of the view at which a dragged row scrolls it. */
const EDGE = 48;

interface Props {
  playlist: Playlist;
  editor: Editor;
  /** Play the playlist from its nth track that has a file. */
  onPlay: (start: number) => void;
}

/** The entries of a playlist. They are moved with the pointer, or with the arrow keys on their handle. */
export function Entries({ playlist, editor, onPlay }: Props) {
  const texts = t().playlists;
  const { items } = playlist;
  const scroller = useRef(document.getElementById("content") as HTMLElement);
  const frame = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const [spoken, setSpoken] = useState("");
  const isOrdinary = !playlist.smart;

  function move(from: number, to: number) {
    const place = Math.max(0, Math.min(items.length - 1, to));
    if (place === from) return;
    void arrange(editor, moved(items, from, place));
    setSpoken(texts.movedTo(items[from]?.track.title ?? "", place + 1, items.length));
  }

  function target(event: PointerEvent): number {
    const { top = 0 } = frame.current?.getBoundingClientRect() ?? {};
    return dropIndex(event.clientY - top, ROW, items.length);
  }

  function onDrag(event: PointerEvent) {
    if (!drag) return;
    const view = scroller.current.getBoundingClientRect();
    if (event.clientY < view.top + EDGE) scroller.current.scrollBy(0, -ROW / 4);
    if (event.clientY > view.bottom - EDGE) scroller.current.scrollBy(0, ROW / 4);
    setDrag({ ...drag, to: target(event) });
  }

  function onHandleKey(event: KeyboardEvent, index: number) {
    const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, Home: -index, End: items.length };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(index, index + step);
    const to = Math.max(0, Math.min(items.length - 1, index + step));
    const id = items[index]?.id;
    scroller.current.scrollBy(0, (to - index) * ROW);
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-handle="${id}"]`)?.focus());
  }

  const order = drag ? moved(items, drag.from, drag.to) : items;
  const starts = new Map(items.filter((item) => !item.missing).map((item, place) => [item.id, place]));
  const row = (index: number) => {
    const item = order[index];
    if (!item) return null;
    const isDragged = drag?.to === index;
    return (
      <div class={`${styles.entry} ${isDragged ? styles.dragged : ""}`}>
        {isOrdinary && (
          <button
            type="button"
            class={styles.handle}
            data-handle={item.id}
            title={texts.move}
            aria-label={texts.moveTitle(item.track.title)}
            onKeyDown={(event) => onHandleKey(event, index)}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              setDrag({ from: index, to: index });
            }}
            onPointerMove={onDrag}
            onPointerUp={() => {
              if (drag) move(drag.from, drag.to);
              setDrag(null);
            }}
            onPointerCancel={() => setDrag(null)}
          >
            <GripVertical size={16} aria-hidden="true" />
          </button>
        )}
        {item.missing ? (
          <MissingRow item={item} />
        ) : (
          <TrackRow track={item.track} onPlay={() => onPlay(starts.get(item.id) ?? 0)} />
        )}
        {isOrdinary && (
          <IconButton
            icon={X}
            size="sm"
            label={texts.removeTitle(item.track.title)}
            onClick={() => removeItem(editor, item)}
          />
        )}
      </div>
    );
  };
  return (
    <div ref={frame}>
      <VirtualList
        count={items.length}
        itemHeight={ROW}
        label={texts.tracksOf(playlist.name)}
        renderItem={row}
        scroller={scroller}
      />
      <p class={styles.spoken} role="status">
        {spoken}
      </p>
    </div>
  );
}

/** An entry whose file is gone. */
function MissingRow({ item }: { item: PlaylistItem }) {
  return (
    <div class={styles.missing}>
      <span class={styles.noFile}>
        <FileX size={20} aria-hidden="true" />
      </span>
      <span class={styles.names}>
        <span class={styles.title}>{item.track.title}</span>
        <span class={styles.note}>
          {item.track.artist ?? t().unknownArtist} · {t().playlists.noFile}
        </span>
      </span>
    </div>
  );
}
