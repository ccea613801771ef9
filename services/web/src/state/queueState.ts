/** The signals of queue and radio, which the browser keeps and all its tabs share. */

import { computed } from "@preact/signals";
import { EMPTY, type Queue } from "./entries";
import type { ListenEvent } from "./listens";
import { isFlag, shared } from "./storage";

export interface RadioStart {
  /** Shown as the name of the radio. */
  label: string;
  /** Ids of tracks. */
  seeds?: string[];
  artists?: string[];
  genres?: string[];
  tags?: string[];
  text?: string | string[];
  mood?: string;
}

/** A call for more tracks. It is repeated with the same key until there is an answer. */
export interface Call {
  key: string;
  events: ListenEvent[];
  limit: number;
}

export interface Radio {
  /** The batch of its entries. It outlasts its sessions. */
  batch: string;
  start: RadioStart;
  /** Whether it continues a list that ended, instead of being started by the listener. */
  isContinuation: boolean;
  /** Id of its session. Null: it must be started. */
  session: string | null;
  /** The listener whose listens the session stores. */
  user: string | null;
  /** What the session does not know yet. */
  events: ListenEvent[];
  /** What earlier calls reported, for the history of another session. */
  told: ListenEvent[];
  call: Call | null;
  /** Whether it plays tracks again because it has played all that match. */
  isRepeating: boolean;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isQueue = (value: unknown): value is Queue =>
  isRecord(value) && Array.isArray(value.past) && Array.isArray(value.next) && Array.isArray(value.radio);

const isRadio = (value: unknown): value is Radio | null =>
  value === null || (isRecord(value) && isRecord(value.start) && Array.isArray(value.events));

const REPEATS = ["off", "all", "one"] as const;
export type Repeat = (typeof REPEATS)[number];

export const queue = shared<Queue>("queue", EMPTY, isQueue);
export const radio = shared<Radio | null>("radio", null, isRadio);
/** Whether a radio follows when a list ends. */
export const continues = shared("continues", true, isFlag);
export const repeat = shared<Repeat>("repeat", "off", (value): value is Repeat =>
  REPEATS.some((each) => each === value),
);

export const nextRepeat = (now: Repeat): Repeat => REPEATS[(REPEATS.indexOf(now) + 1) % REPEATS.length] ?? "off";

/** The entry that plays, or that plays when the listener presses play. */
export const currentEntry = computed(() => queue.value.now);
/** The ids of the tracks that could not be played when they were last tried. */
export const failedTracks = computed(() => {
  const { past, now } = queue.value;
  const failed = new Set<string>();
  for (const entry of now ? [...past, now] : past) {
    if (entry.failed) failed.add(entry.track.id);
    else if (entry.outcome) failed.delete(entry.track.id);
  }
  return failed;
});

export const current = computed(() => queue.value.now?.track ?? null);
