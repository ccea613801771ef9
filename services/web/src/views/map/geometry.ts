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
/** Free space at each side of the whole map, in CSS pixels. */
const PADDING = 24;

export const scaleOf = (view: View): number => 2 ** view.zoom;

export function toScreen(view: View, point: Point): Point {
  const scale = scaleOf(view);
  return { x: (point.x - view.x) * scale + view.width / 2, y: (point.y - view.y) * scale + view.height / 2 };
}

export function toMap(view: View, point: Point): Point {
  const scale = scaleOf(view);
  return { x: (point.x - view.width / 2) / scale + view.x, y: (point.y - view.height / 2) / scale + view.y };
}

/** Return the zoom at which the whole map is visible. */
export const wholeZoom = (width: number, height: number): number =>
  Math.log2(Math.max(1, Math.min(width, height) - 2 * PADDING) / SIDE);

/** Return the view of the whole map. */
export const wholeView = (width: number, height: number): View => ({
  x: SIDE / 2,
  y: SIDE / 2,
  zoom: wholeZoom(width, height),
  width,
  height,
});

/** Below this width the panel of what was chosen lies below the map, not beside it. */
const NARROW = 704;

/** Return where the middle of the free part of the view is, in CSS pixels from its middle, while a panel is open. */
export const besidePanel = ({ width, height }: View): Point =>
  width < NARROW ? { x: 0, y: -0.25 * height } : { x: -190, y: 0 };

/** Return the box around a polygon, for a search in the index. */
export function boxOf(polygon: readonly Point[]): [number, number, number, number] {
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
