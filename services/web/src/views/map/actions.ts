/** What can be done with the tracks of the map. */

import { ask, client, type Track } from "../../api/client";
import { playNow, startRadio } from "../../state/queue";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";
import type { MapIndex } from "./MapIndex";
import { clearChoice, flyTo, path, pathStart, pinned, view } from "./state";
import { trackOf, tracksOf } from "./tracks";

/** Tracks of a selection that are played; a radio goes on from there. */
const PLAYED_MAX = 50;
/** Tracks that a radio starts from. */
const SEEDS_MAX = 20;
const PATH_STEPS = 12;
/** A track that is looked for is shown at this zoom at least. */
const NEAR_ZOOM = 1.5;

export async function playPoint(index: MapIndex, number: number): Promise<void> {
  try {
    playNow([await trackOf(index.ids[number] as string)], { from: t().nav.map });
  } catch (error) {
    sayError(error);
  }
}

/** Play tracks that were chosen together, from the first. */
export async function playAll(index: MapIndex, numbers: readonly number[], from: string): Promise<void> {
  playNow(await tracksOf(idsOf(index, numbers.slice(0, PLAYED_MAX))), { from });
}

/** Start a radio from tracks that were chosen together: from some of them, spread over all. */
export function radioFrom(index: MapIndex, numbers: readonly number[], label: string): void {
  startRadio({ seeds: idsOf(index, spread(numbers, SEEDS_MAX)), label });
}

export const idsOf = (index: MapIndex, numbers: readonly number[]): string[] =>
  numbers.map((number) => index.ids[number] as string);

/** Return `count` of some items, at even distances. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, place) => items[Math.floor((place * items.length) / count)] as T);
}

/** Take a point as the start of a path, or as its end if there is a start. */
export function choosePathEnd(index: MapIndex, number: number): void {
  const start = pathStart.peek();
  if (start === null) {
    path.value = null;
    pathStart.value = number;
  } else if (start !== number) findPath(index, start, number);
}

/** Find tracks that lead from one point to another, each similar to the one before. */
export async function findPath(index: MapIndex, from: number, to: number): Promise<void> {
  clearChoice();
  const query = { from: index.ids[from] as string, to: index.ids[to] as string, steps: PATH_STEPS };
  try {
    const { tracks } = await ask(client.GET("/v1/path", { params: { query } }));
    path.value = { tracks: tracks as readonly Track[] };
  } catch (error) {
    sayError(error);
  }
}

/** Go to a track and choose it. Returns whether it is on the map. */
export function showTrack(index: MapIndex, id: string): boolean {
  const number = index.numberOf(id);
  const now = view.peek();
  if (number === null || !now) return false;
  flyTo(index.at(number), Math.max(now.zoom, NEAR_ZOOM));
  pinned.value = number;
  return true;
}
