/* Client of the public HTTP API. */

import { askForKey, currentKey, hasKey, keyHeaders } from "./key.js";

/** An error response. The message is shown to the user. */
export class ApiError extends Error {}

async function send(path, options) {
  try {
    return await fetch(path, { ...options, headers: { ...options.headers, ...keyHeaders() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("Segue does not respond. Is it still running?");
  }
}

async function ask(path, options = {}) {
  let response;
  let sentKey;
  do {
    sentKey = currentKey();
    response = await send(path, options);
  } while (response.status === 401 && (await askForKey(sentKey)));
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(body?.detail ?? `Segue returned an error (${response.status}).`);
  return body;
}

const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const findTracks = (words, cursor, signal) => {
  const query = new URLSearchParams({ q: words, limit: "30", status: "ready" });
  if (cursor) query.set("cursor", cursor);
  return ask(`/v1/tracks?${query}`, { signal });
};
export const getTrack = (id) => ask(`/v1/tracks/${encodeURIComponent(id)}`);
export const recommend = (history, filters) => post("/v1/recommendations", { history, filters, limit: 12 });
export const getStatus = () => ask("/v1/status");
export const scan = (path) => post("/v1/scans", { path });
export const getJob = (id) => ask(`/v1/jobs/${encodeURIComponent(id)}`);
/** The URL of a track for an audio element, which cannot send a key. */
export async function audioOf(id) {
  const path = `/v1/tracks/${encodeURIComponent(id)}/audio`;
  return hasKey() ? `${path}?token=${(await ask("/v1/media-tokens", { method: "POST" })).token}` : path;
}
