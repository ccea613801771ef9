/** What the map shows and what was chosen on it. It stays while other views are shown. */

import { computed, signal } from "@preact/signals";
import type { Schemas, Track } from "../../api/client";
import { isFlag, stored } from "../../state/storage";
import { COLOURINGS, type Coloured, type Colouring } from "./colours";
import { type Point, type View, ZOOM_MAX } from "./geometry";
import type { MapIndex } from "./MapIndex";

export const MODES = ["move", "lasso", "path"] as const;
export type Mode = (typeof MODES)[number];

/** Tracks that were chosen together. */
export interface Selection {
  title: string;
  numbers: readonly number[];
}

/** A way from one track to another. */
export interface TrackPath {
  tracks: readonly Track[];
}

const isColouring = (value: unknown): value is Colouring => COLOURINGS.some((each) => each === value);

export const index = signal<MapIndex | null>(null);
/** The regions, in the coordinates of the map. */
export const regions = signal<readonly Schemas["MapRegion"][]>([]);
export const colouring = stored<Colouring>("map.colouring", "genre", isColouring);
export const colouredBy = signal<Coloured | null>(null);
/** Whether a point that the pointer or the focus reaches is heard. */
export const sound = stored("map.sound", true, isFlag);

export const view = signal<View | null>(null);
export const mode = signal<Mode>("move");
/** The point below the pointer. */
export const hovered = signal<number | null>(null);
/** The point that was clicked, or reached with the keyboard. */
export const pinned = signal<number | null>(null);
/** The point that is shown with its track. */
export const shown = computed(() => hovered.value ?? pinned.value);
export const selection = signal<Selection | null>(null);
export const path = signal<TrackPath | null>(null);
/** The start of a path whose end is not chosen yet. */
export const pathStart = signal<number | null>(null);
/** Whether the panel of what was chosen is shown. */
export const panelOpen = computed(() => Boolean(selection.value || path.value) || pathStart.value !== null);
/** What the pointer draws, in map coordinates: a lasso, or a line from the start of a path. */
export const drawn = signal<readonly Point[]>([]);

/** Forget what was chosen. */
export function clearChoice(): void {
  pinned.value = null;
  selection.value = null;
  path.value = null;
  pathStart.value = null;
  drawn.value = [];
}

let flight = 0;

/**
 * Move the view, in a short flight unless people asked for no motion. The target comes to the middle of the view, or to
 * `offset` CSS pixels from there.
 */
export function flyTo(target: Point, wanted: number, offset: Point = { x: 0, y: 0 }): void {
  const from = view.peek();
  if (!from) return;
  const zoom = Math.min(ZOOM_MAX, wanted);
  const to = { ...from, x: target.x - offset.x / 2 ** zoom, y: target.y - offset.y / 2 ** zoom, zoom };
  const duration = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200;
  const begun = performance.now();
  cancelAnimationFrame(flight);
  const step = (now: number) => {
    const share = duration ? Math.min(1, Math.max(0, (now - begun) / duration)) : 1;
    const eased = 1 - (1 - share) ** 3;
    const mix = (name: "x" | "y" | "zoom") => from[name] + (to[name] - from[name]) * eased;
    view.value = { ...(view.peek() ?? to), x: mix("x"), y: mix("y"), zoom: mix("zoom") };
    if (share < 1) flight = requestAnimationFrame(step);
  };
  flight = requestAnimationFrame(step);
}
