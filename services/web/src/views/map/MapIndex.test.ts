import { describe, expect, it } from "vitest";
import { MapIndex } from "./MapIndex";

/** A grid of ten by ten points, 100 apart; point 23 is the third of the third row. */
const grid = new MapIndex(
  {
    version: 1,
    revision: 0,
    ids: Array.from({ length: 100 }, (_, number) => `track ${number}`),
    x: Array.from({ length: 100 }, (_, number) => (number % 10) * 1000),
    y: Array.from({ length: 100 }, (_, number) => Math.floor(number / 10) * 1000),
  },
  10_000,
);

describe("the index of the map", () => {
  it("puts the points on the side of 1000", () => {
    expect(grid.at(23)).toEqual({ x: 300, y: 200 });
    expect(grid.numberOf("track 23")).toBe(23);
    expect(grid.numberOf("unknown")).toBeNull();
  });

  it("finds the nearest point, but none that is too far", () => {
    expect(grid.nearest({ x: 311, y: 208 }, 20)).toBe(23);
    expect(grid.nearest({ x: 350, y: 250 }, 20)).toBeNull();
    expect(grid.nearest({ x: 5000, y: 5000 })).toBe(99);
  });

  it("finds a number of nearest points in order, and at most all", () => {
    expect(grid.nearestAll({ x: 301, y: 200 }, 3)).toEqual([23, 24, expect.any(Number)]);
    expect(grid.nearestAll({ x: 0, y: 0 }, 500)).toHaveLength(100);
  });

  it("finds what a lasso encloses", () => {
    const triangle = [
      { x: -10, y: -10 },
      { x: 230, y: -10 },
      { x: -10, y: 230 },
    ];
    expect(grid.inside(triangle).sort((a, b) => a - b)).toEqual([0, 1, 2, 10, 11, 20]);
  });

  it("walks from point to point and stops at the border", () => {
    expect(grid.next(23, "right")).toBe(24);
    expect(grid.next(23, "up")).toBe(13);
    expect(grid.next(23, "down")).toBe(33);
    expect(grid.next(20, "left")).toBeNull();
  });
});
