/** What Home offers: tracks from the listener's past, tracks that the listener does not know, and the library's newest. */

import { signal } from "@preact/signals";
import { ask, client, type Schemas, type Track } from "../api/client";
import { privateSession } from "./listener";
import { startRadio } from "./queue";
import { queue } from "./queueState";
import { recommendedIn } from "./recommended";
import { inWords, type OwnTaste } from "./taste";
import { sayError } from "./toasts";
import { verdictOf } from "./verdicts";

/** Tracks on a shelf. */
const SHELF = 18;
/** Listens that are read to find the tracks of a shelf; many of them are of the same track. */
const LISTENS = 100;
/** Tracks that a radio of a taste starts from: the strongest, which its label describes. */
const SEEDS = 5;
/** Recommendations that are read to show some of each taste. */
const RECOMMENDED = 60;
/** Days after which a track that was not heard is worth another listen. */
const REST_DAYS = 30;
const DAY_MS = 86_400_000;

type Listen = Schemas["Listen"];

/** The listener who wanted to hear something at once, without choosing anything. */
export const startSkipped = signal<string | null>(null);

/** Start an endless queue of a taste. */
export function playTaste(taste: OwnTaste): void {
  startRadio({ label: inWords(taste.label), seeds: taste.plays.slice(0, SEEDS) }).catch(sayError);
}

/** Return recommended tracks by the strongest track of their taste. */
export async function recommendedByTaste(user: string, signal: AbortSignal): Promise<Map<string, Track[]>> {
  const params = { path: { user }, query: { limit: RECOMMENDED, private: privateSession.peek() } };
  const answer = await ask(client.GET("/v1/users/{user}/recommendations", { params, signal }));
  const tastes = answer.tastes.map((taste) => ({ strongest: taste.plays[0], tracks: [] as Track[] }));
  for (const track of recommendedIn(answer)) if (track.taste !== null) tastes[track.taste]?.tracks.push(track);
  return new Map(tastes.flatMap(({ strongest, tracks }) => (strongest ? [[strongest, tracks] as const] : [])));
}

/** Return recommended tracks that the listener has never heard, and did not begin or reject since. */
export async function discoveries(user: string, signal: AbortSignal): Promise<Track[]> {
  const isPrivate = privateSession.peek();
  const options = { repeat_after_days: "never" as const, explain: false, variety: 0.2, seed: today() };
  const params = { path: { user }, query: { limit: 2 * SHELF, private: isPrivate, ...options } };
  const tracks = recommendedIn(await ask(client.GET("/v1/users/{user}/recommendations", { params, signal })));
  const { past, now } = queue.peek();
  const begun = new Set([...past.filter(({ outcome }) => outcome), ...(now ? [now] : [])].map(({ track }) => track.id));
  return tracks.filter(({ id }) => !begun.has(id) && !isRejected(id)).slice(0, SHELF);
}

function isRejected(id: string): boolean {
  const verdict = verdictOf(id);
  return verdict === "ban" || verdict === "dislike";
}

/** Return the tracks that were heard last, latest first. */
export async function recentlyPlayed(user: string, signal: AbortSignal): Promise<Track[]> {
  return [...tracksOf(await plays(user, {}, signal)).values()].slice(0, SHELF);
}

/** Return tracks that were heard or liked long ago and not since, most heard first. */
export async function rediscoveries(user: string, signal: AbortSignal): Promise<Track[]> {
  const border = new Date(Date.now() - REST_DAYS * DAY_MS).toISOString();
  const [old, recent] = await Promise.all([
    plays(user, { before: border }, signal),
    plays(user, { since: border }, signal),
  ]);
  const heard = tracksOf(recent);
  const counts = new Map<string, number>();
  for (const { track } of old) if (track) counts.set(track.id, (counts.get(track.id) ?? 0) + 1);
  const rested = [...tracksOf(old).values()].filter((track) => !heard.has(track.id));
  return rested.sort((one, other) => (counts.get(other.id) ?? 0) - (counts.get(one.id) ?? 0)).slice(0, SHELF);
}

/** Return the tracks that were added last. */
export async function newlyAdded(signal: AbortSignal): Promise<Track[]> {
  const query = { status: ["ready" as const], sort: "added" as const, order: "desc" as const, limit: SHELF };
  return (await ask(client.GET("/v1/tracks", { params: { query }, signal }))).tracks;
}

async function plays(user: string, times: { before?: string; since?: string }, signal: AbortSignal): Promise<Listen[]> {
  const query = { event: ["play", "like"] as ("play" | "like")[], details: true, limit: LISTENS, ...times };
  return (await ask(client.GET("/v1/users/{user}/listens", { params: { path: { user }, query }, signal }))).listens;
}

function tracksOf(listens: readonly Listen[]): Map<string, Track> {
  const found = new Map<string, Track>();
  for (const { track } of listens) if (track?.status === "ready" && !found.has(track.id)) found.set(track.id, track);
  return found;
}

/** A number that changes each day, so that a shelf stays the same for a day. */
const today = (): number => Math.floor(Date.now() / DAY_MS);
