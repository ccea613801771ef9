/** What plays now and next, and what the listener does with it. */

import { batch, effect, untracked } from "@preact/signals";
import type { Track } from "../api/client";
import { t } from "../texts";
import {
  advanced,
  allEntries,
  type Entry,
  type EventKind,
  entriesOf,
  inserted,
  jumpedTo,
  moved,
  newId,
  type Queue,
  removed,
  repeated,
  replaced,
  shuffled,
  steppedBack,
  upcoming,
  updated,
  type Verdict,
} from "./entries";
import { me, meError, reportedListener } from "./listener";
import { deleteListens, flush, forgetUnsent, type ListenEvent, sendListens, startSending } from "./listens";
import { duration, heard, isPlayer, playing, position, seek, takeOver } from "./playback";
import { continues, current, currentEntry, queue, type RadioStart, radio, repeat } from "./queueState";
import { begin, end, fill, forgetEvent, radioProblem, reportToRadio, storeUnreported } from "./radio";
import { reachable } from "./reachable";
import { recommendationOf } from "./recommended";
import { say, sayError } from "./toasts";
import { rememberVerdict, verdictOf } from "./verdicts";

export { current, playing, type RadioStart };

/** A track counts as played when this share of it was heard. */
const PLAYED_SHARE = 0.8;
/** Below this, going back plays the track before instead of the start of the same one. */
const RESTART_SECONDS = 4;
/** A shorter listen that ended because the listener chose something else says nothing. */
const HEARD_MIN_MS = 500;

/**
 * Replace the queue by these tracks and play the one that the listener pointed at, `start`, or else the first one.
 * `from` names the list. Banned tracks are left out, except the one that the listener pointed at.
 */
export function playNow(tracks: readonly Track[], options: { start?: number; from?: string } = {}): void {
  const { start, from = null } = options;
  const wanted = start === undefined ? undefined : tracks[start];
  const played = withoutBanned(tracks, wanted);
  if (!played.length) return;
  change(() => {
    leave("choice");
    end();
    queue.value = replaced(queue.peek(), entriesOf(played, from), wanted ? played.indexOf(wanted) : 0);
  });
}

/** Leave out what the listener banned, unless it is the only track or `wanted`. Says so when nothing is left. */
function withoutBanned(tracks: readonly Track[], wanted?: Track): readonly Track[] {
  if (tracks.length === 1) return tracks;
  const kept = tracks.filter((track) => track === wanted || verdictOf(track.id) !== "ban");
  if (tracks.length && !kept.length) say(t().queue.allBanned);
  return kept;
}

/** Insert tracks after the current one. */
export function playNext(tracks: readonly Track[]): void {
  add(tracks, "next");
}

/** Append tracks to what the listener chose. They play before the radio's tracks. */
export function addToQueue(tracks: readonly Track[]): void {
  add(tracks, "last");
}

function add(given: readonly Track[], where: "next" | "last"): void {
  const tracks = withoutBanned(given);
  if (!tracks.length) return;
  const wasEmpty = currentEntry.peek() === null;
  queue.value = inserted(queue.peek(), entriesOf(tracks, null), where);
  if (wasEmpty) change(() => undefined);
  else fill();
  const [only] = tracks;
  const what = tracks.length === 1 && only ? only.title : t().counts.tracks(tracks.length);
  say(where === "next" ? t().queue.playsNext(what) : t().queue.added(what));
}

/** Start an endless queue. `tracks` play first; without any, the current track plays until the first ones arrive. */
export async function startRadio(start: RadioStart & { tracks?: readonly Track[] }): Promise<void> {
  const { tracks = [], ...radioStart } = start;
  const entries = entriesOf(tracks, radioStart.label);
  begin(radioStart, entries[0] ? { batch: entries[0].origin.batch } : {});
  if (tracks.length) {
    change(() => {
      leave("choice");
      queue.value = replaced(queue.peek(), entries, 0);
    });
    return fill();
  }
  queue.value = { ...queue.peek(), next: [], radio: [] };
  takeOver();
  starting = radioStart;
  await fill();
  if (radioProblem.peek() !== null) say(radioProblem.peek() ?? "", { kind: "error" });
}

/** The radio that takes over from what plays as soon as it has brought tracks. */
let starting: RadioStart | null = null;

/** Do something that changes what plays, and play it in this tab. */
function change(action: () => void): void {
  takeOver();
  batch(() => {
    action();
    playing.value = true;
  });
  fill();
}

/** How the current track is left: it ended, the listener skipped it, or chose something else. */
type Leaving = "end" | "skip" | "choice";

/** Note how the current entry was received, and report it. */
function leave(how: Leaving): void {
  const entry = currentEntry.peek();
  if (!entry || entry.failed || entry.outcome) return;
  const played = Math.round(heard.peek());
  const length = (duration.peek() ?? 0) * 1000 || entry.track.duration_ms || Number.POSITIVE_INFINITY;
  const isPlayed = how === "end" || played >= PLAYED_SHARE * length;
  if (how === "choice" && !isPlayed && played < HEARD_MIN_MS) return;
  report(entry, isPlayed ? "play" : "skip", played);
}

function report(entry: Entry, event: EventKind, played: number): void {
  const outcome = { event, at: new Date().toISOString(), played_ms: played };
  queue.value = updated(queue.peek(), entry.id, { outcome });
  send({ track_id: entry.track.id, ...outcome, recommendation_id: entry.recommendation ?? null }, entry.origin.batch);
}

/** Send an event to the radio that the track belongs to, or else as a listen. */
function send(event: ListenEvent, batch: string): void {
  if (reportToRadio(batch, event)) return;
  const user = reportedListener.peek();
  if (user !== null) sendListens(user, [event]);
}

/** Go on to the next entry after the current one was left in this way. */
function goOn(how: Leaving): void {
  batch(() => {
    leave(how);
    const { now, next } = queue.peek();
    const repeats = repeat.peek() === "all" && !next.length && now?.origin.session === null;
    if (repeats) queue.value = repeated(queue.peek());
    if (upcoming(queue.peek()).length) queue.value = advanced(queue.peek());
    else if (radio.peek() === null) playing.value = false; // otherwise the radio brings more
  });
}

/** Go on by itself when a radio has brought tracks that are waited for. */
function goOnWhenBrought(): void {
  const { now } = queue.value;
  if (!upcoming(queue.value).length || !isPlayer.value) return;
  if (starting !== null && radio.value?.start === starting) {
    starting = null;
    untracked(() => change(() => goOn("choice")));
  } else if (playing.value && (now === null || now.outcome || now.failed)) {
    queue.value = advanced(queue.peek());
  }
}

/** Take the radio's tracks away when the listener does not want a list to be continued. */
function endContinuation(): void {
  if (continues.value || !radio.value?.isContinuation) return;
  end();
  queue.value = { ...queue.peek(), radio: [] };
}

/** Leave the current track for the next one. */
export function skip(): void {
  if (upcoming(queue.peek()).length || radio.peek() !== null) change(() => goOn("skip"));
}

/** Go back to the start of the track, or to the track before. */
export function previous(): void {
  if (position.peek() > RESTART_SECONDS || !queue.peek().past.length) seek(0);
  else {
    change(() => {
      queue.value = steppedBack(queue.peek());
    });
  }
}

/** Play an entry of the queue or of its history now. */
export function jumpTo(id: string): void {
  change(() => {
    leave("choice");
    queue.value = jumpedTo(queue.peek(), id);
  });
}

export function togglePlay(): void {
  if (currentEntry.peek() === null) return;
  takeOver();
  if (!playing.peek()) replayIfOver();
  playing.value = !playing.peek();
  fill();
}

/** Play a track again that has ended or failed. */
function replayIfOver(): void {
  const { now } = queue.peek();
  if (!now?.outcome && !now?.failed) return;
  queue.value = { ...queue.peek(), now: { ...now, id: newId(), outcome: null, failed: false } };
}

/** The engine has reached the end of the current track. */
export function onEnded(): void {
  if (repeat.peek() !== "one") goOn("end");
  else {
    batch(() => {
      leave("end");
      replayIfOver();
    });
  }
  fill();
}

/** The engine cannot play the current entry. With `goesOn`, the next one plays. */
export function onFailed(id: string, goesOn: boolean): void {
  batch(() => {
    queue.value = updated(queue.peek(), id, { failed: true });
    if (goesOn) goOn("skip");
    else playing.value = false;
  });
  fill();
}

/** Remove upcoming entries, with a way to undo it. */
export function remove(ids: readonly string[], text: string): void {
  const before = queue.peek();
  queue.value = removed(before, new Set(ids));
  say(text, { action: { label: t().actions.undo, run: () => restore(before) } });
  fill();
}

/** Put back what was upcoming, except what was played in the meantime. */
function restore(before: Queue): void {
  const { past, now, radio: brought } = queue.peek();
  const gone = new Set([...past, ...(now ? [now] : [])].map(({ id }) => id));
  const back = (entries: readonly Entry[]) => entries.filter(({ id }) => !gone.has(id));
  const known = new Set(before.radio.map(({ id }) => id));
  const added = brought.filter(({ id }) => !known.has(id));
  queue.value = { past, now, next: back(before.next), radio: [...back(before.radio), ...added] };
}

/** Remove what the listener chose. The radio's tracks stay. */
export function clear(): void {
  remove(
    queue.peek().next.map(({ id }) => id),
    t().queue.cleared,
  );
}

export function move(id: string, to: number): void {
  queue.value = moved(queue.peek(), id, to);
}

export function shuffle(): void {
  queue.value = shuffled(queue.peek());
}

/** Rate a track, or take back the same verdict. A rejected track that plays is left. */
export async function verdict(track: Track, given: Verdict): Promise<void> {
  if (verdictOf(track.id) === given) return takeBack(track.id, given);
  rememberVerdict(track.id, given);
  const entry = allEntries(queue.peek()).findLast((each) => each.track.id === track.id);
  const recommendation_id = entry?.recommendation ?? recommendationOf(track);
  const event = { track_id: track.id, event: given, at: new Date().toISOString(), played_ms: null, recommendation_id };
  send(event, entry?.origin.batch ?? "");
  if (given !== "like") reject(track, event);
  fill();
}

/** Remove the upcoming entries of a rejected track, and leave it if it plays. */
function reject(track: Track, { event, at }: ListenEvent): void {
  const isSame = (entry: Entry) => entry.track.id === track.id;
  batch(() => {
    const before = queue.peek();
    queue.value = removed(
      before,
      new Set(
        upcoming(before)
          .filter(isSame)
          .map(({ id }) => id),
      ),
    );
    if (before.now && isSame(before.now)) {
      const outcome = { event, at, played_ms: Math.round(heard.peek()) };
      queue.value = updated(queue.peek(), before.now.id, { outcome });
      goOn("skip");
    }
  });
  const action = { label: t().actions.undo, run: () => takeBack(track.id, event as Verdict) };
  say(event === "ban" ? t().queue.banned(track.title) : t().queue.disliked(track.title), { action });
}

/** Delete a verdict, here and in the service. */
async function takeBack(trackId: string, given: Verdict): Promise<void> {
  rememberVerdict(trackId, null);
  forgetUnsent(trackId, given);
  forgetEvent(trackId, given);
  const user = reportedListener.peek();
  if (user === null) return;
  try {
    await deleteListens(user, trackId, given);
  } catch (error) {
    rememberVerdict(trackId, given);
    sayError(error);
  }
}

/** Start what runs as long as the page: keep the radio filled, and send what was heard. */
export function startQueue(): void {
  startSending();
  effect(goOnWhenBrought);
  effect(endContinuation);
  effect(() => {
    const isReady = isPlayer.value && continues.value && reachable.value && (me.value || meError.value);
    if (isReady) untracked(() => fill());
  });
  window.addEventListener("pagehide", () => {
    storeUnreported();
    flush({ keepalive: true });
  });
}
