import { ArrowDown, ArrowUp, GripVertical, Play, X } from "lucide-preact";
import { Cover } from "../components/Cover";
import { IconButton } from "../components/IconButton";
import type { MenuItem } from "../components/Menu";
import { TrackMenu } from "../components/TrackMenu";
import type { Entry } from "../state/entries";
import { jumpTo } from "../state/queue";
import { formatLength, t } from "../texts";
import { Failed } from "./Failed";
import styles from "./QueueRow.module.css";
import { reasonText } from "./reasonText";
import { TrackNames } from "./TrackNames";

interface Props {
  entry: Entry;
  /** For upcoming entries: how they are moved and removed. */
  editing?: {
    isFirst: boolean;
    isLast: boolean;
    isDragged: boolean;
    onMove: (by: -1 | 1) => void;
    onDrag: (event: PointerEvent) => void;
    onRemove: () => void;
  };
}

/** An entry of the queue or of its history, with the reason for it. */
export function QueueRow({ entry, editing }: Props) {
  const { track } = entry;
  const texts = t().queue;
  const reason = reasonText(entry.reason);
  const moves: MenuItem[] = editing
    ? [
        ...(editing.isFirst ? [] : [{ label: texts.moveUp, icon: ArrowUp, run: () => editing.onMove(-1) }]),
        ...(editing.isLast ? [] : [{ label: texts.moveDown, icon: ArrowDown, run: () => editing.onMove(1) }]),
        { label: t().actions.remove, icon: X, run: editing.onRemove },
      ]
    : [];
  return (
    <li class={`${styles.row} ${editing?.isDragged ? styles.dragged : ""}`} data-entry={entry.id}>
      {editing && (
        <button
          type="button"
          class={styles.grip}
          aria-label={texts.reorder(track.title)}
          title={texts.reorderHint}
          onPointerDown={editing.onDrag}
          onKeyDown={(event) => {
            if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
            event.preventDefault();
            event.stopPropagation();
            editing.onMove(event.key === "ArrowUp" ? -1 : 1);
          }}
        >
          <GripVertical size={16} aria-hidden="true" />
        </button>
      )}
      <button
        type="button"
        class={styles.cover}
        aria-label={t().actions.playTitle(track.title)}
        onClick={() => jumpTo(entry.id)}
      >
        <Cover of={{ kind: "tracks", id: track.id }} size={40} />
        <span class={styles.play}>
          <Play size={16} aria-hidden="true" />
        </span>
      </button>
      <div class={styles.text}>
        <TrackNames track={track} />
        {reason && (
          <span class={styles.reason} title={reason}>
            {reason}
          </span>
        )}
        {entry.failed && <Failed />}
      </div>
      <div class={styles.end}>
        <span class={styles.length}>{track.duration_ms === null ? "" : formatLength(track.duration_ms)}</span>
        <span class={styles.actions}>
          {editing && (
            <IconButton
              icon={X}
              label={texts.remove(track.title)}
              size="sm"
              class={styles.remove}
              onClick={editing.onRemove}
            />
          )}
          <TrackMenu track={track} items={moves} />
        </span>
      </div>
    </li>
  );
}
