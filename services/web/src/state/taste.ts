/** What a listener takes out of the tastes, and how that is undone. Each change ends with `then`, which loads them anew. */

import { ask, client, type Schemas, type Track } from "../api/client";
import { t } from "../texts";
import { say, sayError } from "./toasts";

export type Tastes = Schemas["ListenerTaste"];
export type OwnTaste = Schemas["OwnTaste"];

/** Load the tastes of a listener. */
export const loadTastes = (user: string, signal?: AbortSignal): Promise<Tastes> =>
  ask(client.GET("/v1/users/{user}/taste", { params: { path: { user } }, ...(signal && { signal }) }));

/** Let a track count no more. */
export function removeTrack(user: string, track: Track, then: () => void): Promise<void> {
  const params = { path: { user, track_id: track.id } };
  return change(
    () => ask(client.DELETE("/v1/users/{user}/tracks/{track_id}", { params })),
    then,
    t().taste.trackRemoved(track.title),
    () => restoreTrack(user, track, then),
  );
}

/** Let a removed track count again. */
export function restoreTrack(user: string, track: Track, then: () => void): Promise<void> {
  const params = { path: { user, track_id: track.id } };
  return change(
    () => ask(client.PUT("/v1/users/{user}/tracks/{track_id}", { params })),
    then,
    t().taste.trackRestored(track.title),
  );
}

/** Avoid a kind of music. */
export function dismissTaste(user: string, taste: { id: string; label: string }, then: () => void): Promise<void> {
  const params = { path: { user, taste_id: taste.id } };
  return change(
    () => ask(client.POST("/v1/users/{user}/tastes/{taste_id}/dismiss", { params })),
    then,
    t().taste.dismissed(inWords(taste.label)),
    () => undoDismissal(user, taste, then),
  );
}

/** Let a dismissed taste count again. */
export function undoDismissal(user: string, taste: { id: string; label: string }, then: () => void): Promise<void> {
  const params = { path: { user, taste_id: taste.id } };
  return change(
    () => ask(client.DELETE("/v1/users/{user}/tastes/{taste_id}/dismiss", { params })),
    then,
    t().taste.wanted(inWords(taste.label)),
  );
}

async function change(
  request: () => Promise<unknown>,
  then: () => void,
  text: string,
  undo?: () => Promise<void>,
): Promise<void> {
  try {
    await request();
    say(text, undo && { action: { label: t().actions.undo, run: () => void undo() } });
  } catch (error) {
    sayError(error);
  }
  then();
}

/** Return a label of the service, “calm, piano, slow”, in the page's language with a capital letter. */
export function inWords(label: string): string {
  return capitalised(translated(label));
}

/** Return a label of the service in the page's language, for the middle of a line. */
export function translated(label: string, separator = ", "): string {
  const { musicWords } = t();
  return label
    .split(separator)
    .map((word) => musicWords[word] ?? word)
    .join(separator);
}

/** Return the name of a region of the map, “piano · calm”, in the page's language. */
export const regionName = (label: string): string => translated(label, " · ");

export const capitalised = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);
