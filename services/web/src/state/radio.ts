/** Fills the queue with the tracks of a radio session and reports to it what was played, skipped and rated. */

import { signal } from "@preact/signals";
import { ApiError, ask, client, type Schemas } from "../api/client";
import { t } from "../texts";
import { allEntries, type EventKind, entryOf, newId, upcoming } from "./entries";
import { me, meError, privateSession, reportedListener } from "./listener";
import { type ListenEvent, sendListens, timesStored } from "./listens";
import { isPlayer, playing } from "./playback";
import { type Call, continues, queue, type Radio, type RadioStart, radio, repeat } from "./queueState";
import { reasonsFor } from "./reasons";
import { recommendedIn } from "./recommended";
import { say } from "./toasts";

/** Tracks that a radio keeps ready after the current one. */
export const AHEAD = 5;
/** With so many tracks ahead, events wait for the next call, because each call returns at least one track. */
const AHEAD_MAX = 8;
/** A radio is prepared when so few tracks of a list are left. */
const LIST_ENDS_AT = 1;
const SEEDS_MAX = 20;
const HISTORY_MAX = 50;
const RETRY_MS = 10_000;

/** What the radio does: nothing, fetch tracks, or wait after an error, which it says. */
export const radioState = signal<"idle" | "loading" | "failed">("idle");
export const radioProblem = signal<string | null>(null);

/** Begin another radio. Its session starts when its first tracks are fetched. */
export function begin(start: RadioStart, options: { batch?: string; isContinuation?: boolean } = {}): void {
  storeUnreported();
  radio.value = {
    batch: options.batch ?? newId(),
    start,
    isContinuation: options.isContinuation ?? false,
    session: null,
    user: null,
    events: [],
    told: [],
    call: null,
    isRepeating: false,
  };
  radioProblem.value = null;
}

export function end(): void {
  storeUnreported();
  radio.value = null;
  radioProblem.value = null;
  radioState.value = "idle";
}

/** Return the events that the session may not know yet. */
const unreported = (now: Radio): ListenEvent[] => [...(now.call?.events ?? []), ...now.events];

/** Keep the events of a session that is left as listens. A session with a listener would have stored them. */
export function storeUnreported(): void {
  const now = radio.peek();
  if (now !== null && now.user !== null) sendListens(now.user, unreported(now));
}

/** Tell the session what happened to a track of the radio. Returns whether there is such a session or will be one. */
export function reportToRadio(batch: string, event: ListenEvent): boolean {
  const now = radio.peek();
  if (now?.batch !== batch || (now.session !== null && now.user !== reportedListener.peek())) return false;
  radio.value = { ...now, events: [...now.events, event] };
  return true;
}

/** Do not report an event that was taken back. */
export function forgetEvent(trackId: string, event: EventKind): void {
  const now = radio.peek();
  if (now === null) return;
  radio.value = { ...now, events: now.events.filter((each) => each.track_id !== trackId || each.event !== event) };
}

let filling: Promise<void> | null = null;
let retry: number | undefined;

/** Fetch tracks until there are enough ahead and every event is reported. Only the tab that plays does this. */
export function fill(): Promise<void> {
  clearTimeout(retry);
  filling ??= fillNow().finally(() => {
    filling = null;
  });
  return filling;
}

async function fillNow(): Promise<void> {
  if (me.peek() === null && meError.peek() === null) return; // it is not known yet who listens
  try {
    radioState.value = "loading";
    while (isPlayer.peek() && (await step()));
    radioState.value = "idle";
    radioProblem.value = null;
  } catch (error) {
    radioState.value = "failed";
    radioProblem.value = error instanceof Error ? error.message : String(error);
    if (canRepeat(error)) retry = window.setTimeout(fill, waitOf(error));
    else stopIfOver();
  }
}

/** Do not wait for tracks that no radio brings. */
function stopIfOver(): void {
  const { now } = queue.peek();
  const isOver = now === null || now.failed || now.outcome !== null;
  if (isOver && !upcoming(queue.peek()).length) playing.value = false;
}

const canRepeat = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.status === 0 || error.status === 409 || error.status === 429 || error.status > 499);

const waitOf = (error: unknown): number =>
  error instanceof ApiError && error.retryAfter !== null ? error.retryAfter * 1000 : RETRY_MS;

/** Do the next thing that is needed; false if nothing is. */
async function step(): Promise<boolean> {
  const now = radio.peek() ?? continuation();
  if (now === null) return false;
  if (!now.session || now.user !== reportedListener.peek()) {
    if (!wantsTracks(now)) return false;
    if (now.session) radio.value = withoutSession(now);
    else await startSession(now);
    return true;
  }
  const call = now.call ?? nextCall(now);
  if (call === null) return false;
  if (now.call === null) radio.value = { ...now, events: [], call };
  await fetchTracks(now.session, call);
  return true;
}

/** Begin a radio that continues the list, if the list is about to end and the listener wants that. */
function continuation(): Radio | null {
  const { now, next } = queue.peek();
  if (!now || next.length > LIST_ENDS_AT || !continues.peek() || repeat.peek() !== "off") return null;
  const label = now.origin.label ?? now.track.title;
  begin({ label, seeds: seedsFromQueue() }, { isContinuation: true });
  return radio.peek();
}

/** Return the latest tracks of the queue that were not rejected, the current and the next ones first. */
function seedsFromQueue(): string[] {
  const { past, now, next } = queue.peek();
  const liked = [...past].reverse().filter((each) => each.outcome?.event === "play" || each.outcome?.event === "like");
  const tracks = [...(now ? [now] : []), ...next, ...liked].filter((each) => !each.failed);
  return [...new Set(tracks.map((each) => each.track.id))].slice(0, SEEDS_MAX);
}

const listIsLong = (): boolean => queue.peek().next.length > LIST_ENDS_AT;

const wantsTracks = (now: Radio): boolean =>
  queue.peek().radio.length < AHEAD && !(now.isContinuation && (listIsLong() || !continues.peek()));

function nextCall(now: Radio): Call | null {
  const ahead = queue.peek().radio.length;
  if (wantsTracks(now)) return { key: newId(), events: now.events, limit: AHEAD - ahead };
  if (now.events.length && ahead < AHEAD_MAX) return { key: newId(), events: now.events, limit: 1 };
  return null;
}

async function startSession(now: Radio): Promise<void> {
  const { start } = now;
  const user = reportedListener.peek();
  const { seeds = [], artists = [], genres = [], tags = [] } = start;
  const hasSeeds = [seeds, artists, genres, tags].some((each) => each.length);
  const history = now.told.map(({ recommendation_id: _, ...event }) => event);
  const body: Schemas["RadioRequest"] = { history, private: privateSession.peek() };
  if (hasSeeds) body.seeds = { tracks: seeds, artists, genres, tags };
  if (start.text) body.text = start.text;
  if (start.mood) body.mood = start.mood as NonNullable<Schemas["RadioRequest"]["mood"]>;
  if (user !== null) body.user = user;
  const { id } = await ask(client.POST("/v1/radio", { body })).catch((error: unknown) => {
    // The files of the list are gone: the radio plays what the listener likes.
    if (!now.isContinuation || !(error instanceof ApiError && error.status === 422)) throw error;
    const { seeds: _, ...withoutSeeds } = body;
    return ask(client.POST("/v1/radio", { body: withoutSeeds }));
  });
  const latest = radio.peek();
  if (latest?.batch !== now.batch) return; // another radio was started meanwhile
  radio.value = { ...latest, session: id, user };
}

/** Leave the session of a radio. The next one gets what this one was told as its history. */
function withoutSession(now: Radio): Radio {
  storeUnreported();
  const told = [...now.told, ...unreported(now)].slice(-HISTORY_MAX);
  return { ...now, session: null, user: null, told, events: [], call: null, isRepeating: false };
}

async function fetchTracks(session: string, call: Call): Promise<void> {
  let answer: Schemas["NextTracks"];
  try {
    answer = await ask(
      client.POST("/v1/radio/{session_id}/next", {
        params: { path: { session_id: session } },
        body: { events: call.events, limit: call.limit, call: call.key },
      }),
    );
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    restart(session, t().radio.expired);
    return;
  }
  await take(session, call, answer);
}

/** Go on with a new session of the same radio. */
function restart(session: string, why: string): void {
  const now = radio.peek();
  if (now?.session !== session) return;
  say(why);
  radio.value = withoutSession(now);
}

async function take(session: string, call: Call, answer: Schemas["NextTracks"]): Promise<void> {
  const reasons = await reasonsFor(answer, allEntries(queue.peek()));
  const now = radio.peek();
  if (now?.session !== session || now.call?.key !== call.key) return; // another radio was started meanwhile
  const before = queue.peek();
  const returned = new Set(
    allEntries(before).flatMap(({ track, origin }) => (origin.session === session ? [track.id] : [])),
  );
  if (!answer.tracks.length) {
    if (!returned.size) throw new Error(t().radio.empty);
    restart(session, t().radio.exhausted);
    return;
  }
  const isRepeating = answer.tracks.some((track) => returned.has(track.id));
  if (isRepeating && !now.isRepeating) say(t().radio.exhausted);
  const told = [...now.told, ...call.events].slice(-HISTORY_MAX);
  if (now.user !== null && call.events.length) timesStored.value += 1;
  radio.value = { ...now, call: null, told, isRepeating: now.isRepeating || isRepeating };
  const origin = { batch: now.batch, label: now.start.label, session };
  const entries = recommendedIn(answer).map((track, index) => entryOf(track, origin, reasons[index] ?? null));
  queue.value = { ...before, radio: [...before.radio, ...entries] };
}
