/** The tracks behind the points. */

import { ask, client, type Track } from "../../api/client";

const known = new Map<string, Promise<Track>>();
const KNOWN_MAX = 2000;
/** Requests that run at the same time. */
const AT_ONCE = 6;

/** Load a track once. */
export function trackOf(id: string): Promise<Track> {
  const found = known.get(id);
  if (found) return found;
  const loading = ask(client.GET("/v1/tracks/{track_id}", { params: { path: { track_id: id } } }));
  loading.catch(() => known.delete(id));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(id, loading);
  return loading;
}

/** Load some tracks in their order, without those that are gone. */
export async function tracksOf(ids: readonly string[]): Promise<Track[]> {
  const found: (Track | null)[] = new Array(ids.length).fill(null);
  let next = 0;
  const work = async () => {
    while (next < ids.length) {
      const place = next++;
      found[place] = await trackOf(ids[place] as string).catch(() => null);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found.filter((track) => track !== null);
}
