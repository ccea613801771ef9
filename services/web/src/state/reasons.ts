/** Puts into words why a radio chose a track. */

import { ask, client, type Schemas } from "../api/client";
import type { Entry, Reason } from "./entries";
import { loadMoods, moodTitle } from "./moods";
import { verdictOf } from "./verdicts";

type Because = Reason["because"];

/** Titles of tracks by id, and of mood presets by `mood:ID`. */
const titles = new Map<string, string>();

/** Return the reason for each track of an answer. `known` are entries whose titles need not be fetched. */
export async function reasonsFor(answer: Schemas["NextTracks"], known: readonly Entry[]): Promise<Reason[]> {
  for (const { track } of known) titles.set(track.id, track.title);
  const firsts = answer.tracks.map(({ id, because_of }) => because_of.find((cause) => cause !== id) ?? null);
  await Promise.all([...new Set(firsts)].map(fetchTitle));
  const moods = firsts.some((cause) => cause?.startsWith("mood:")) ? await loadMoods().catch(() => []) : [];
  for (const mood of moods) titles.set(`mood:${mood.id}`, moodTitle(mood));
  const labels = new Map(answer.directions.map(({ number, label }) => [number, label]));
  return answer.tracks.map((track, index) => ({
    label: labels.get(track.direction ?? -1) || null,
    because: because(firsts[index] ?? null, known),
  }));
}

function because(cause: string | null, known: readonly Entry[]): Because {
  if (cause === null) return null;
  const [, kind, name] = cause.match(/^(words|mood|artist):(.*)$/s) ?? [];
  if (kind && name) return { kind: kind as "words" | "mood" | "artist", name: titles.get(cause) ?? name };
  const title = titles.get(cause);
  if (title === undefined) return null;
  if (verdictOf(cause) === "like") return { kind: "liked", name: title };
  const wasPlayed = known.some(({ track, outcome }) => track.id === cause && outcome?.event === "play");
  return { kind: wasPlayed ? "played" : "seed", name: title };
}

async function fetchTitle(cause: string | null): Promise<void> {
  if (cause === null || titles.has(cause) || /^(words|mood|artist|picture):/.test(cause)) return;
  try {
    const track = await ask(client.GET("/v1/tracks/{track_id}", { params: { path: { track_id: cause } } }));
    titles.set(cause, track.title);
  } catch {
    // The track was removed: the reason stays unsaid.
  }
}
