/** The track whose details are shown. */

import { signal } from "@preact/signals";
import type { Track } from "../api/client";

export const detailed = signal<Track | null>(null);

export function showDetails(track: Track | null): void {
  detailed.value = track;
}
