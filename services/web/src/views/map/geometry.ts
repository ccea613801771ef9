/** Points, polygons and the view of the map, without the browser. Map coordinates go from 0 to `SIDE`. */

/** Width and height of the map. At zoom 0 a unit is a CSS pixel. */
export const SIDE = 1000;

export interface Point {
  x: number;
  y: number;
}

/** What is shown: the middle, the zoom (each step doubles the size) and the size in CSS pixels. */
export interface View extends Point {
  zoom: number;
  width: number;
  height: number;
}

export const ZOOM_MAX = 6;
/** The zoom of the whole map is at most this, so that a few neighbours are not drawn far apart. */
export const WHOLE_ZOOM_MAX = 3;
/** Below this width the controls lie above and below the points, and the panel of what was chosen below the map. */
const NARROW = 704;
/** What the controls and a margin take at the sides of the whole map, in CSS pixels. */
const FRAME = {
  wide: { top: 112, right: 64, bottom: 48, left: 272 },
  narrow: { top: 96, right: 80, bottom: 208, left: 32 },
};
/** The panel of what was chosen: its width beside the map, and its share of the height below it. */
export const PANEL = { width: 384, share: 0.55 };

/** The least and greatest x and y. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

export const scaleOf = (view: View): number => 2 ** view.zoom;

export function toScreen(view: View, point: Point): Point {
  const scale = scaleOf(view);
  return { x: (point.x - view.x) * scale + view.width / 2, y: (point.y - view.y) * scale + view.height / 2 };
}

export function toMap(view: View, point: Point): Point {
  const scale = scaleOf(view);
  return { x: (point.x - view.width / 2) / scale + view.x, y: (point.y - view.height / 2) / scale + view.y };
}

export const isNarrow = ({ width }: { width: number }): boolean => width < NARROW;

/** Return the view that holds all points, which lie in `box`, beside the controls. */
export function wholeView([left, top, right, bottom]: Box, width: number, height: number): View {
  const frame = isNarrow({ width }) ? FRAME.narrow : FRAME.wide;
  const across = Math.max(1, width - frame.left - frame.right) / Math.max(1, right - left);
  const down = Math.max(1, height - frame.top - frame.bottom) / Math.max(1, bottom - top);
  const zoom = Math.min(WHOLE_ZOOM_MAX, Math.log2(Math.min(across, down)));
  return {
    x: (left + right) / 2 + (frame.right - frame.left) / 2 / 2 ** zoom,
    y: (top + bottom) / 2 + (frame.bottom - frame.top) / 2 / 2 ** zoom,
    zoom,
    width,
    height,
  };
}

/** Whether two views of the same size show the same part of the map. */
export const isSameView = (a: View, b: View): boolean =>
  Math.abs(a.zoom - b.zoom) < 0.01 && Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) * scaleOf(a) < 1;

/** Return where the middle of the free part of the view is, in CSS pixels from its middle, while a panel is open. */
export const besidePanel = (view: View): Point =>
  isNarrow(view) ? { x: 0, y: (-PANEL.share / 2) * view.height } : { x: -PANEL.width / 2, y: 0 };

/** Return the box around a polygon, for a search in the index. */
export function boxOf(polygon: readonly Point[]): Box {
  const xs = polygon.map(({ x }) => x);
  const ys = polygon.map(({ y }) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Whether a point is inside a polygon: a ray from it crosses the border an odd number of times. */
export function isInside(polygon: readonly Point[], { x, y }: Point): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [a, b] = [polygon[i] as Point, polygon[j] as Point];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

export type Direction = "left" | "right" | "up" | "down";

const AXES: Record<Direction, Point> = {
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  up: { x: 0, y: -1 },
  down: { x: 0, y: 1 },
};

/**
 * Return how far a point is for a step in a direction. It is infinite unless the point lies in the quarter of the plane
 * in that direction; a point beside the direction is farther than one straight ahead.
 */
export function stepCost(from: Point, to: Point, direction: Direction): number {
  const axis = AXES[direction];
  const ahead = (to.x - from.x) * axis.x + (to.y - from.y) * axis.y;
  const aside = Math.abs((to.x - from.x) * axis.y + (to.y - from.y) * axis.x);
  return ahead > 0 && aside <= ahead ? ahead + 2 * aside : Number.POSITIVE_INFINITY;
}
