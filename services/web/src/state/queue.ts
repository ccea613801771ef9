/** What plays now and next. */

import { signal } from "@preact/signals";
import type { Track } from "../api/client";

export interface RadioStart {
  /** Shown as the name of the radio. */
  label: string;
  seeds?: string[];
  text?: string;
  mood?: string;
}

export const current = signal<Track | null>(null);
export const playing = signal(false);

/** Replace the queue by these tracks and play. */
export function playNow(tracks: readonly Track[], options: { start?: number } = {}): void {
  current.value = tracks[options.start ?? 0] ?? null;
}

/** Insert tracks after the current one. */
export function playNext(tracks: readonly Track[]): void {
  if (current.value === null) playNow(tracks);
}

/** Append tracks to the queue. */
export function addToQueue(tracks: readonly Track[]): void {
  if (current.value === null) playNow(tracks);
}

/** Start an endless queue. */
export async function startRadio(_start: RadioStart): Promise<void> {}
