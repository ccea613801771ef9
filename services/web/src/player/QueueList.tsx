import { useSignal } from "@preact/signals";
import { History, ListPlus, ListX, Radio, RotateCcw, Shuffle } from "lucide-preact";
import { useRef } from "preact/hooks";
import { Button } from "../components/Button";
import { IconButton } from "../components/IconButton";
import { Skeleton } from "../components/Skeleton";
import { Switch } from "../components/Switch";
import { TrackRow } from "../components/TrackRow";
import { type Entry, upcoming } from "../state/entries";
import { playing } from "../state/playback";
import { addToPlaylist } from "../state/playlists";
import { clear, remove, shuffle, togglePlay } from "../state/queue";
import { continues, currentEntry, queue, radio } from "../state/queueState";
import { fill, radioProblem, radioState } from "../state/radio";
import { t } from "../texts";
import styles from "./QueueList.module.css";
import { QueueRow } from "./QueueRow";
import { reasonText } from "./reasonText";
import { useReordering } from "./useReordering";

/** The queue: history, what plays unless the view shows it elsewhere, what the listener chose, and what the radio chose. */
export function QueueList({ withNow = false }: { withNow?: boolean }) {
  const list = useRef<HTMLDivElement>(null);
  const { dragged, drag, moveBy } = useReordering(list);
  const { next, radio: brought } = queue.value;
  const all = upcoming(queue.value);
  const isList = radio.value === null || radio.value.isContinuation;
  const texts = t().queue;
  const row = (entry: Entry) => (
    <QueueRow
      key={entry.id}
      entry={entry}
      editing={{
        isFirst: entry === all[0],
        isLast: entry === all.at(-1),
        isDragged: dragged.value === entry.id,
        onMove: (by) => moveBy(entry.id, by),
        onDrag: (event) => drag(entry.id, event),
        onRemove: () => removeOne(entry, list.current),
      }}
    />
  );
  return (
    <div class={styles.queue}>
      <HistoryList />
      {withNow && <Now />}
      <div ref={list} class={styles.upcoming}>
        {next.length > 0 && (
          <section aria-label={texts.next}>
            <header class={styles.header}>
              <h3>{next[0]?.origin.label ? texts.nextFrom(next[0].origin.label) : texts.next}</h3>
              <IconButton icon={Shuffle} label={texts.shuffle} size="sm" onClick={shuffle} />
              <IconButton icon={ListX} label={texts.clear} size="sm" onClick={clear} />
            </header>
            <ul>{next.map(row)}</ul>
          </section>
        )}
        {(brought.length > 0 || radio.value) && (
          <section aria-label={texts.radio}>
            <header class={styles.header}>
              <Radio size={16} aria-hidden="true" />
              <h3>{texts.radioOf(radio.value?.start.label ?? "")}</h3>
            </header>
            <ul>{brought.map(row)}</ul>
            <RadioState isEmpty={!brought.length} />
          </section>
        )}
      </div>
      {isList && (
        <div class={styles.continues}>
          <Switch label={texts.continues} checked={continues} />
        </div>
      )}
      <SaveButton upcoming={all} />
    </div>
  );
}

/** Saves what plays and what follows as a playlist. */
function SaveButton({ upcoming: entries }: { upcoming: readonly Entry[] }) {
  const now = currentEntry.value;
  const tracks = [...(now ? [now] : []), ...entries].map((entry) => entry.track);
  const name = now?.origin.label ?? "";
  if (!tracks.length) return null;
  return (
    <Button
      look="quiet"
      size="sm"
      icon={<ListPlus size={16} aria-hidden="true" />}
      onClick={() => addToPlaylist(tracks, name)}
    >
      {t().queue.save}
    </Button>
  );
}

/** Remove an entry; the focus goes to the one that takes its place. */
function removeOne(entry: Entry, list: HTMLElement | null) {
  const at = upcoming(queue.peek()).indexOf(entry);
  remove([entry.id], t().queue.removedTitle(entry.track.title));
  requestAnimationFrame(() => {
    const rows = list?.querySelectorAll<HTMLElement>("[data-entry]") ?? [];
    (rows[at] ?? rows[rows.length - 1])?.querySelector<HTMLElement>("button")?.focus();
  });
}

function Now() {
  const entry = currentEntry.value;
  if (!entry) return null;
  return (
    <section aria-label={t().queue.now}>
      <header class={styles.header}>
        <h3>{playing.value ? t().queue.now : t().queue.paused}</h3>
      </header>
      <TrackRow track={entry.track} onPlay={togglePlay} reason={reasonText(entry.reason)} />
    </section>
  );
}

function HistoryList() {
  const isOpen = useSignal(false);
  const heard = queue.value.past.filter((entry) => entry.outcome !== null || entry.failed);
  if (!heard.length) return null;
  const texts = t().queue;
  return (
    <section aria-label={texts.history}>
      <Button
        look="quiet"
        size="sm"
        icon={<History size={16} aria-hidden="true" />}
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        {isOpen.value ? texts.hideHistory : texts.showHistory(heard.length)}
      </Button>
      {isOpen.value && (
        <ul class={styles.history}>
          {heard.map((entry) => (
            <QueueRow key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** What the radio does while it brings no tracks. */
function RadioState({ isEmpty }: { isEmpty: boolean }) {
  if (radioState.value === "failed") {
    return (
      <div class={styles.problem} role="alert">
        <p>{radioProblem.value}</p>
        <Button size="sm" icon={<RotateCcw size={16} aria-hidden="true" />} onClick={() => fill()}>
          {t().actions.retry}
        </Button>
      </div>
    );
  }
  return isEmpty && radioState.value === "loading" ? <Skeleton of="rows" count={3} /> : null;
}
