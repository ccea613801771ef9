/** Which answer recommended a track, so that what the listener does with the track names it. */

import type { Track } from "../api/client";

const answers = new WeakMap<Track, string>();

interface Answer<Shown extends Track> {
  recommendation_id: string | null;
  tracks: Shown[];
}

/** Return the tracks of an answer, and remember that it recommended them. */
export function recommendedIn<Shown extends Track>({ recommendation_id, tracks }: Answer<Shown>): Shown[] {
  if (recommendation_id) for (const track of tracks) answers.set(track, recommendation_id);
  return tracks;
}

/** Return the id of the answer that recommended a track. Null: none, or it is not logged. */
export const recommendationOf = (track: Track): string | null => answers.get(track) ?? null;
