/** The queue as a value, and pure functions that return a changed one. */

import type { Track } from "../api/client";
import { recommendationOf } from "./recommended";

export type Verdict = "like" | "dislike" | "ban";
export type EventKind = "play" | "skip" | Verdict;

/** Why a radio chose a track. */
export interface Reason {
  /** The kind of music in words, such as “calm, piano, slow”. */
  label: string | null;
  /** What led to it: words or a mood of the start, an artist, or a track, with its name. */
  because: { kind: "words" | "mood" | "artist" | "liked" | "played" | "seed"; name: string } | null;
}

/** Where a track of the queue comes from. */
export interface Origin {
  /** Tracks that were queued together have the same batch. */
  batch: string;
  /** Name of the album, playlist, search or radio. */
  label: string | null;
  /** Id of the radio session that chose it. */
  session: string | null;
}

export interface Outcome {
  event: EventKind;
  at: string;
  played_ms: number | null;
}

/** One place of the queue. The same track may have several. */
export interface Entry {
  id: string;
  track: Track;
  origin: Origin;
  reason: Reason | null;
  /** Id of the answer that recommended it. */
  recommendation: string | null;
  /** The file is missing or cannot be decoded. */
  failed: boolean;
  /** How it ended. Null: it was not heard. */
  outcome: Outcome | null;
}

export interface Queue {
  /** Before the current entry, oldest first. */
  past: Entry[];
  now: Entry | null;
  /** What the listener chose. */
  next: Entry[];
  /** What the radio chose. It plays after `next`. */
  radio: Entry[];
}

export const EMPTY: Queue = { past: [], now: null, next: [], radio: [] };

/** Entries kept of each part, so that the queue fits into the browser's storage. */
export const PAST_MAX = 100;
export const NEXT_MAX = 1000;

/** Return a random id. `crypto.randomUUID` exists on secure origins only, and Segue is often served over plain HTTP. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the track without what the player does not use, because storage is small. */
function slim(track: Track): Track {
  return { ...track, attributes: null, ids: {} };
}

export const entryOf = (track: Track, origin: Origin, reason: Reason | null = null): Entry => ({
  id: newId(),
  track: slim(track),
  origin,
  reason,
  recommendation: recommendationOf(track),
  failed: false,
  outcome: null,
});

export const entriesOf = (tracks: readonly Track[], label: string | null): Entry[] => {
  const origin = { batch: newId(), label, session: null };
  return tracks.map((track) => entryOf(track, origin));
};

export const upcoming = (queue: Queue): Entry[] => [...queue.next, ...queue.radio];

export const allEntries = (queue: Queue): Entry[] => [
  ...queue.past,
  ...(queue.now ? [queue.now] : []),
  ...upcoming(queue),
];

const bounded = (queue: Queue): Queue => ({
  ...queue,
  past: queue.past.slice(-PAST_MAX),
  next: queue.next.slice(0, NEXT_MAX),
});

const pastWithNow = (queue: Queue): Entry[] => (queue.now ? [...queue.past, queue.now] : queue.past);

/** Play `entries` from `start`; what was queued is replaced. */
export function replaced(queue: Queue, entries: readonly Entry[], start: number): Queue {
  const past = [...pastWithNow(queue), ...entries.slice(0, start)];
  return bounded({ past, now: entries[start] ?? null, next: entries.slice(start + 1), radio: [] });
}

/** Go on to the next entry. Without one, nothing plays. */
export function advanced(queue: Queue): Queue {
  const [now = null] = upcoming(queue);
  return bounded({
    past: pastWithNow(queue),
    now,
    next: queue.next.slice(1),
    radio: queue.next.length ? queue.radio : queue.radio.slice(1),
  });
}

/** Go back to the entry before. */
export function steppedBack(queue: Queue): Queue {
  const now = queue.past.at(-1);
  if (!now) return queue;
  const next = queue.now ? [queue.now, ...queue.next] : queue.next;
  return bounded({ ...queue, past: queue.past.slice(0, -1), now: { ...now, failed: false, outcome: null }, next });
}

/** Play an entry now. Entries before it that were not heard are passed over. */
export function jumpedTo(queue: Queue, id: string): Queue {
  const at = upcoming(queue).findIndex((entry) => entry.id === id);
  const now = upcoming(queue)[at];
  if (now) {
    const inNext = at < queue.next.length;
    return bounded({
      past: pastWithNow(queue),
      now,
      next: inNext ? queue.next.slice(at + 1) : [],
      radio: inNext ? queue.radio : queue.radio.slice(at - queue.next.length + 1),
    });
  }
  const heard = queue.past.find((entry) => entry.id === id);
  if (!heard) return queue;
  return bounded({ ...queue, past: pastWithNow(queue), now: { ...heard, id: newId(), failed: false, outcome: null } });
}

/** Insert entries before or after the others that the listener chose. */
export function inserted(queue: Queue, entries: readonly Entry[], place: "next" | "last"): Queue {
  const next = place === "next" ? [...entries, ...queue.next] : [...queue.next, ...entries];
  const added = bounded({ ...queue, next });
  return queue.now ? added : advanced(added);
}

export function removed(queue: Queue, ids: ReadonlySet<string>): Queue {
  const keeps = (entry: Entry) => !ids.has(entry.id);
  return { ...queue, past: queue.past.filter(keeps), next: queue.next.filter(keeps), radio: queue.radio.filter(keeps) };
}

/** Move an upcoming entry to an index among the upcoming ones. */
export function moved(queue: Queue, id: string, to: number): Queue {
  const entry = upcoming(queue).find((each) => each.id === id);
  if (!entry) return queue;
  const rest = removed(queue, new Set([id]));
  const wasChosen = queue.next.includes(entry);
  const inNext = to < rest.next.length || (to === rest.next.length && wasChosen);
  if (inNext) return { ...rest, next: rest.next.toSpliced(to, 0, entry) };
  return { ...rest, radio: rest.radio.toSpliced(to - rest.next.length, 0, entry) };
}

/** Shuffle what the listener chose. `random` returns numbers from 0 to below 1. */
export function shuffled(queue: Queue, random: () => number = Math.random): Queue {
  const next = [...queue.next];
  for (let last = next.length - 1; last > 0; last -= 1) {
    const drawn = Math.floor(random() * (last + 1));
    const [a, b] = [next[last], next[drawn]];
    if (a && b) [next[last], next[drawn]] = [b, a];
  }
  return { ...queue, next };
}

/** Play the tracks that were queued together with the current one again. */
export function repeated(queue: Queue): Queue {
  const batch = queue.now?.origin.batch;
  const again = pastWithNow(queue)
    .filter((entry) => entry.origin.batch === batch && !entry.failed)
    .map((entry) => ({ ...entry, id: newId(), outcome: null }));
  return { ...queue, next: [...queue.next, ...again] };
}

/** Change one entry, wherever it is. */
export function updated(queue: Queue, id: string, changes: Partial<Entry>): Queue {
  const change = (entry: Entry) => (entry.id === id ? { ...entry, ...changes } : entry);
  return {
    past: queue.past.map(change),
    now: queue.now && change(queue.now),
    next: queue.next.map(change),
    radio: queue.radio.map(change),
  };
}
