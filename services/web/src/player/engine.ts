/** Plays the current entry of the queue with two audio elements; the idle one holds the next entry. */

import { effect, untracked } from "@preact/signals";
import type { Entry } from "../state/entries";
import { upcoming } from "../state/entries";
import { renewMediaToken } from "../state/media";
import {
  amplitudeOf,
  buffering,
  ducked,
  duration,
  giveUp,
  heard,
  isPlayer,
  levelled,
  muted,
  place,
  playing,
  position,
  seekRequest,
  takeOverIfFree,
  volume,
} from "../state/playback";
import { onEnded, onFailed } from "../state/queue";
import { currentEntry, queue, repeat } from "../state/queueState";
import { isFlag, stored } from "../state/storage";
import { say } from "../state/toasts";
import { t } from "../texts";
import { Deck } from "./Deck";
import { problemOf } from "./diagnosis";

/** The next track starts this long before the current one ends: an element needs about this long to start. */
const LEAD_SECONDS = 0.04;
/** The next track is loaded when so little of the current one is left. */
const PRELOAD_SECONDS = 30;
/** A larger step of the position is a seek, not playback. */
const STEP_MAX_SECONDS = 2;
const SAVE_EVERY_SECONDS = 5;
/** After so many entries in a row that cannot be played, the player stops. */
const FAILURES_MAX = 3;
const RETRY_MS = 3000;
/** The share of the amplitude that is left while something else is heard. */
const DUCKED = 0.08;

const listeners = { onTime, onEnd, onError, onStall };
let [active, idle] = [new Deck(listeners), new Deck(listeners)];
/** The id of the entry that was made the current one, whether or not it could be loaded. */
let shown: string | undefined;
let handover: number | undefined;
let failures = 0;
/** The next entry, if it could not be loaded ahead: it is tried again when its turn comes. */
let unloadable: string | null = null;
let hasRenewed = false;

/** Start to follow the queue. */
export function startEngine(): void {
  effect(() => {
    const entry = isPlayer.value ? currentEntry.value : null;
    untracked(() => show(entry));
  });
  effect(showOtherTab);
  effect(() => {
    if (playing.value && isPlayer.value) untracked(play);
    else untracked(pause);
  });
  effect(applyVolume);
  effect(() => {
    const request = seekRequest.value;
    if (request) untracked(() => seekTo(request.seconds));
  });
  effect(() => {
    const [next] = upcoming(queue.value);
    untracked(() => {
      if (idle.entry && idle.entry.id !== next?.id && idle.audio.paused) idle.unload();
    });
  });
  window.addEventListener("pagehide", () => {
    save();
    wasPlaying.value = playing.peek();
    giveUp();
  });
  window.addEventListener("pageshow", takeOverIfFree);
  takeOverIfFree();
  playing.value = wasPlaying.peek() && isPlayer.peek() && currentEntry.peek() !== null;
}

/** While another tab plays, show where it is. */
function showOtherTab(): void {
  if (isPlayer.value) return;
  playing.value = false;
  const entry = currentEntry.value;
  position.value = entry && place.value?.entry === entry.id ? place.value.seconds : 0;
  duration.value = entry?.track.duration_ms ? entry.track.duration_ms / 1000 : null;
}

/** Whether this tab played when it was left: a reload goes on, a new tab waits for a click. */
const wasPlaying = stored("was-playing", false, isFlag, () => sessionStorage);

function applyVolume(): void {
  const amplitude = muted.value ? 0 : amplitudeOf(volume.value) * (ducked.value ? DUCKED : 1);
  for (const deck of [active, idle]) deck.setAmplitude(amplitude, levelled.value);
}

/** Make an entry the current one. It is already loaded if the idle element holds it. */
function show(entry: Entry | null): void {
  if (entry?.id === shown) return;
  shown = entry?.id;
  clearTimeout(handover);
  const start = entry ? placeOf(entry) : 0;
  if (entry && idle.entry?.id === entry.id) [active, idle] = [idle, active];
  else if (entry) load(entry, start);
  else active.unload();
  // The last instant of a track that ends by itself is still heard while the next one starts.
  if (idle.entry && !endsNow(idle)) idle.unload();
  position.value = start;
  duration.value = active.length ?? (entry?.track.duration_ms ? entry.track.duration_ms / 1000 : null);
  heard.value = place.peek()?.entry === entry?.id ? (place.peek()?.heard ?? 0) : 0;
  hasRenewed = false;
  applyVolume();
  if (playing.peek() && isPlayer.peek()) play();
}

const endsNow = (deck: Deck): boolean =>
  deck.length !== null && deck.length - deck.audio.currentTime < 4 * LEAD_SECONDS;

function placeOf(entry: Entry): number {
  const kept = place.peek();
  return kept?.entry === entry.id ? kept.seconds : 0;
}

function load(entry: Entry, seconds: number): void {
  active.load(entry, seconds).then(
    () => {
      if (active.entry === entry && playing.peek() && isPlayer.peek()) play();
    },
    () => {
      if (active.entry === entry) onError(active);
    },
  );
}

function play(): void {
  const { entry, audio } = active;
  if (!entry || !audio.hasAttribute("src")) return;
  if (entry.outcome && audio.ended) audio.currentTime = 0;
  audio.play().catch((error: unknown) => {
    // Until the listener has clicked once, the browser may refuse. Other errors come as events of the element.
    if (error instanceof DOMException && error.name === "NotAllowedError") playing.value = false;
  });
}

function pause(): void {
  clearTimeout(handover);
  active.audio.pause();
  buffering.value = false;
  save();
}

function seekTo(seconds: number): void {
  clearTimeout(handover);
  active.audio.currentTime = seconds;
  save();
}

/** Keep where the track is, for a reload and for the other tabs. */
function save(): void {
  const { entry } = active;
  if (entry && isPlayer.peek()) place.value = { entry: entry.id, seconds: position.peek(), heard: heard.peek() };
}

function onTime(deck: Deck): void {
  if (deck !== active || !deck.entry) return;
  const step = deck.audio.currentTime - position.peek();
  if (step > 0 && step < STEP_MAX_SECONDS && !deck.audio.paused) {
    heard.value += step * 1000;
    failures = 0;
    hasRenewed = false;
  }
  position.value = deck.audio.currentTime;
  if (deck.length !== null) duration.value = deck.length;
  const saved = place.peek();
  if (saved?.entry !== deck.entry.id || Math.abs(position.peek() - saved.seconds) >= SAVE_EVERY_SECONDS) save();
  prepareNext();
}

/** Load the next entry towards the end of the current one, and hand over just before it. */
function prepareNext(): void {
  const { length, audio } = active;
  if (length === null) return;
  const left = length - audio.currentTime;
  const [next] = upcoming(queue.peek());
  if (!next || repeat.peek() === "one" || left > PRELOAD_SECONDS) return;
  if (idle.entry?.id !== next.id && unloadable !== next.id) {
    idle.load(next, 0).catch(() => idle.unload());
    applyVolume();
  }
  if (left < 1 && playing.peek() && idle.audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) {
    clearTimeout(handover);
    const { entry } = active;
    handover = window.setTimeout(
      () => active.entry === entry && !active.audio.paused && onEnded(),
      1000 * Math.max(0, left - LEAD_SECONDS),
    );
  }
}

function onEnd(deck: Deck): void {
  if (deck === active) {
    clearTimeout(handover);
    position.value = deck.length ?? position.peek();
    onEnded();
  } else deck.unload();
}

function onStall(deck: Deck, isWaiting: boolean): void {
  if (deck === active) buffering.value = isWaiting && playing.peek();
}

/** An element could not load or decode its file. A broken next entry waits for its turn. */
async function onError(deck: Deck): Promise<void> {
  const { entry } = deck;
  if (!entry) return;
  if (deck !== active) {
    unloadable = entry.id;
    return deck.unload();
  }
  const at = position.peek();
  const problem = await problemOf(entry.track);
  if (active.entry?.id !== entry.id) return;
  if (problem === "away") return retryLater(entry, at);
  if (problem === "unknown" && !hasRenewed) {
    hasRenewed = true;
    await renewMediaToken(true).catch(() => undefined);
    return load(entry, at);
  }
  failures += 1;
  deck.unload();
  const hasStopped = failures >= FAILURES_MAX;
  const texts = t().playerErrors;
  say(problem === "missing" ? texts.missing(entry.track.title) : texts.undecodable(entry.track.title), {
    kind: "error",
  });
  if (hasStopped) say(texts.stopped, { kind: "error" });
  if (hasStopped) failures = 0;
  onFailed(entry.id, !hasStopped && playing.peek());
}

/** Go on at the same second as soon as the service responds again. */
function retryLater(entry: Entry, at: number): void {
  buffering.value = playing.peek();
  setTimeout(() => {
    if (active.entry?.id === entry.id) load(entry, at);
  }, RETRY_MS);
}
