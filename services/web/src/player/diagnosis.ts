/** Finds out why an audio element could not play: the element itself says only that it failed. */

import { ApiError, ask, client, type Track } from "../api/client";

/** `away`: the service does not respond. `missing`: it has no file. `unknown`: it sends the file, or refuses the token. */
export type Problem = "away" | "missing" | "unknown";

export async function problemOf(track: Track): Promise<Problem> {
  try {
    const options = {
      params: { path: { track_id: track.id } },
      headers: { Range: "bytes=0-0" },
      parseAs: "stream",
    } as const;
    await ask(client.GET("/v1/tracks/{track_id}/audio", options));
    return "unknown";
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    return status === 0 || status >= 500 || status === 429 ? "away" : status === 404 ? "missing" : "unknown";
  }
}
