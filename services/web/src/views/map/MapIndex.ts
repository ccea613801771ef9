import KDBush from "kdbush";
import type { Schemas } from "../../api/client";
import {
  type Box,
  boxOf,
  type Direction,
  isInside,
  type Point,
  SIDE,
  stepCost,
  type View,
  wholeView,
} from "./geometry";

/** The points of one revision of the map, and the index that finds them by place. */
export class MapIndex {
  readonly ids: readonly string[];
  /** x and y of each point, one after the other. */
  readonly positions: Float32Array;
  /** The box around all points. */
  private readonly box: Box;
  readonly version: number | null;
  readonly revision: number;
  private readonly tree: KDBush;
  private numbers: Map<string, number> | null = null;

  constructor({ ids, x, y, version, revision }: Schemas["MapPoints"], width: number) {
    this.ids = ids;
    this.version = version;
    this.revision = revision;
    this.positions = new Float32Array(2 * ids.length);
    this.tree = new KDBush(ids.length, 64, Float32Array);
    const scale = SIDE / width;
    let [left, top, right, bottom] = [SIDE, SIDE, 0, 0];
    for (let i = 0; i < ids.length; i++) {
      const [px, py] = [(x[i] as number) * scale, (y[i] as number) * scale];
      this.positions[2 * i] = px;
      this.positions[2 * i + 1] = py;
      this.tree.add(px, py);
      [left, top] = [Math.min(left, px), Math.min(top, py)];
      [right, bottom] = [Math.max(right, px), Math.max(bottom, py)];
    }
    this.box = [left, top, right, bottom];
    this.tree.finish();
  }

  get count(): number {
    return this.ids.length;
  }

  at(number: number): Point {
    return { x: this.positions[2 * number] as number, y: this.positions[2 * number + 1] as number };
  }

  /** Return the view of all points in a window of this size. */
  whole({ width, height }: Pick<View, "width" | "height">): View {
    return wholeView(this.box, width, height);
  }

  /** Return the number of a track; null if it is not on the map. */
  numberOf(id: string): number | null {
    this.numbers ??= new Map(this.ids.map((each, number) => [each, number]));
    return this.numbers.get(id) ?? null;
  }

  /** Return the point that is nearest to a place, at most `distance` away. */
  nearest(place: Point, distance = Number.POSITIVE_INFINITY): number | null {
    if (distance === Number.POSITIVE_INFINITY) return this.nearestAll(place, 1)[0] ?? null;
    return this.best(this.tree.within(place.x, place.y, distance), (point) => distanceOf(place, point));
  }

  /** Return the `count` points that are nearest to a place, nearest first. */
  nearestAll(place: Point, count: number): number[] {
    const wanted = Math.min(count, this.count);
    let found: number[] = [];
    for (let radius = SIDE / 64; found.length < wanted; radius *= 2) {
      found = this.tree.within(place.x, place.y, radius);
    }
    return found.sort((a, b) => distanceOf(place, this.at(a)) - distanceOf(place, this.at(b))).slice(0, wanted);
  }

  /** Return the points inside a polygon. */
  inside(polygon: readonly Point[]): number[] {
    return this.tree.range(...boxOf(polygon)).filter((number) => isInside(polygon, this.at(number)));
  }

  /** Return the point next to another one in a direction; null at the border. */
  next(from: number, direction: Direction): number | null {
    const start = this.at(from);
    for (let radius = SIDE / 64; radius < 2 * SIDE; radius *= 2) {
      const near = this.tree.within(start.x, start.y, radius);
      const found = this.best(near, (point) => stepCost(start, point, direction));
      if (found !== null) return found;
    }
    return null;
  }

  private best(numbers: readonly number[], costOf: (point: Point) => number): number | null {
    let [best, lowest]: [number | null, number] = [null, Number.POSITIVE_INFINITY];
    for (const number of numbers) {
      const cost = costOf(this.at(number));
      if (cost < lowest) [best, lowest] = [number, cost];
    }
    return best;
  }
}

const distanceOf = (a: Point, b: Point): number => (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
