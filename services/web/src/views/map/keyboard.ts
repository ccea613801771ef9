/** Walking on the map with the keyboard. */

import { playPoint } from "./actions";
import { type Direction, toScreen, type View } from "./geometry";
import type { MapIndex } from "./MapIndex";
import { clearChoice, flyTo, hovered, pinned, view } from "./state";

const DIRECTIONS: Record<string, Direction> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};
const ZOOM_STEP = 0.5;
/** The chosen point stays this far inside the view, in CSS pixels. */
const EDGE = 80;

/** Handle a key while the map has the focus. */
export function onMapKey(event: KeyboardEvent, index: MapIndex): void {
  const now = view.peek();
  if (!now || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!act(event.key, index, now)) return;
  event.preventDefault();
  event.stopPropagation();
}

function act(key: string, index: MapIndex, now: View): boolean {
  const direction = DIRECTIONS[key];
  const at = pinned.peek();
  if (direction) walk(index, now, at === null ? index.nearest(now) : (index.next(at, direction) ?? at));
  else if (key === "Enter" && at !== null) playPoint(index, at);
  else if (key === "+" || key === "-") flyTo(now, now.zoom + (key === "+" ? ZOOM_STEP : -ZOOM_STEP));
  else if (key === "0") zoomOut(index, now);
  else if (key === "Escape") clearChoice();
  else return false;
  return true;
}

function walk(index: MapIndex, now: View, to: number | null): void {
  if (to === null) return;
  hovered.value = null;
  pinned.value = to;
  const { x, y } = toScreen(now, index.at(to));
  const isVisible = x > EDGE && y > EDGE && x < now.width - EDGE && y < now.height - EDGE;
  if (!isVisible) flyTo(index.at(to), now.zoom);
}

/** Show the whole map. */
export function zoomOut(index: MapIndex, now: View): void {
  const whole = index.whole(now);
  flyTo(whole, whole.zoom);
}
