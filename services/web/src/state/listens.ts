/** Sends what the listener heard and rated to the service, once each; it is kept in the browser until it is stored. */

import { effect, signal, untracked } from "@preact/signals";
import { ApiError, ask, client, type Schemas } from "../api/client";
import type { EventKind } from "./entries";
import { reachable } from "./reachable";
import { shared } from "./storage";
import { sayError } from "./toasts";

export interface ListenEvent {
  track_id: string;
  event: EventKind;
  at: string;
  played_ms: number | null;
  /** The answer that recommended the track. */
  recommendation_id: string | null;
}

export interface Unsent {
  user: string;
  listen: ListenEvent;
}

const isList = (value: unknown): value is Unsent[] => Array.isArray(value);

/** What the service has not stored yet, oldest first. */
export const unsent = shared<Unsent[]>("unsent-listens", [], isList);

/** Counts how often the service stored listens. What depends on them loads anew. */
export const timesStored = signal(0);

const BATCH = 100;
/** A verdict that is taken back is usually one of the latest. */
const PAGE = 100;
const RETRY_MS = 30_000;
const CLIENT_ERRORS_TO_KEEP = new Set([401, 408, 429]);

/** Store events as listens of `user`. */
export function sendListens(user: string, listens: readonly ListenEvent[]): void {
  if (!listens.length) return;
  unsent.value = [...unsent.value, ...listens.map((listen) => ({ user, listen }))];
  flush();
}

/** Do not send an event that was taken back. */
export function forgetUnsent(trackId: string, event: EventKind): void {
  unsent.value = unsent.value.filter(({ listen }) => listen.track_id !== trackId || listen.event !== event);
}

/** Delete the stored events of one kind of a track. */
export async function deleteListens(user: string, trackId: string, event: EventKind): Promise<void> {
  const query = { event: [event], limit: PAGE };
  const { listens } = await ask(client.GET("/v1/users/{user}/listens", { params: { path: { user }, query } }));
  for (const { id } of listens.filter((listen) => listen.track_id === trackId)) {
    const path = { user, listen_id: id };
    await ask(client.DELETE("/v1/users/{user}/listens/{listen_id}", { params: { path } }));
  }
}

let flushing = false;
let timer: number | undefined;

/** Send everything that is not stored yet. Repeating it is harmless: the service stores the same event once. */
export async function flush(options: { keepalive?: boolean } = {}): Promise<void> {
  if (flushing && !options.keepalive) return;
  flushing = true;
  clearTimeout(timer);
  try {
    for (let batch = firstBatch(); batch.length; batch = firstBatch()) {
      await store(batch, options);
      unsent.value = unsent.value.filter((each) => !batch.some((sent) => isSame(sent, each)));
    }
  } catch {
    timer = window.setTimeout(() => flush(), RETRY_MS);
  } finally {
    flushing = false;
  }
}

function firstBatch(): Unsent[] {
  const [first] = unsent.value;
  return unsent.value.filter((each) => each.user === first?.user).slice(0, BATCH);
}

const isSame = (one: Unsent, other: Unsent): boolean =>
  one.user === other.user &&
  one.listen.track_id === other.listen.track_id &&
  one.listen.event === other.listen.event &&
  one.listen.at === other.listen.at;

/** Send one batch. What the service refuses for good is reported and dropped. */
async function store(batch: readonly Unsent[], options: { keepalive?: boolean }): Promise<void> {
  const [first] = batch;
  if (!first) return;
  const body: Schemas["ListensIn"] = { listens: batch.map(({ listen }) => listen) };
  try {
    await ask(client.POST("/v1/users/{user}/listens", { params: { path: { user: first.user } }, body, ...options }));
    timesStored.value += 1;
  } catch (error) {
    const isFinal =
      error instanceof ApiError &&
      error.status >= 400 &&
      error.status < 500 &&
      !CLIENT_ERRORS_TO_KEEP.has(error.status);
    if (!isFinal) throw error;
    sayError(error);
  }
}

/** Start sending: now, and whenever the service can be reached again. */
export function startSending(): void {
  effect(() => {
    if (reachable.value) untracked(() => flush());
  });
  window.addEventListener("online", () => flush());
}
