import { describe, expect, it } from "vitest";
import { isInside, type Point, stepCost, toMap, toScreen, WHOLE_ZOOM_MAX, wholeView } from "./geometry";

const view = { x: 300, y: 700, zoom: 2, width: 800, height: 600 };

describe("the view", () => {
  it("shows its middle in the middle of the screen, four times as large at zoom 2", () => {
    expect(toScreen(view, { x: 300, y: 700 })).toEqual({ x: 400, y: 300 });
    expect(toScreen(view, { x: 310, y: 690 })).toEqual({ x: 440, y: 260 });
  });

  it("finds the place below the pointer", () => {
    expect(toMap(view, toScreen(view, { x: 12, y: 34 }))).toEqual({ x: 12, y: 34 });
  });

  it("holds the whole map, whatever the shape of the window", () => {
    for (const [width, height] of [
      [390, 700],
      [1920, 900],
    ] as const) {
      const whole = wholeView([100, 300, 700, 450], width, height);
      const [from, to] = [toScreen(whole, { x: 100, y: 300 }), toScreen(whole, { x: 700, y: 450 })];
      expect(from.x).toBeCloseTo(width < 704 ? 32 : 272);
      expect(to.x).toBeCloseTo(width - (width < 704 ? 80 : 64));
      expect(from.y).toBeGreaterThan(80);
      expect(to.y).toBeLessThan(height);
    }
  });

  it("does not draw a single point from very near", () => {
    expect(wholeView([500, 500, 500, 500], 1000, 800).zoom).toBe(WHOLE_ZOOM_MAX);
  });
});

describe("a lasso", () => {
  // The letter L: its inner corner is at (4, 6).
  const shape: Point[] = [
    { x: 0, y: 0 },
    { x: 4, y: 0 },
    { x: 4, y: 6 },
    { x: 10, y: 6 },
    { x: 10, y: 10 },
    { x: 0, y: 10 },
  ];

  it.each([
    [2, 2, true],
    [8, 8, true],
    [8, 2, false],
    [-1, 5, false],
    [5, 5, false],
  ])("contains (%d, %d): %s", (x, y, expected) => {
    expect(isInside(shape, { x, y })).toBe(expected);
  });
});

describe("a step", () => {
  const origin = { x: 0, y: 0 };

  it("never goes to a point that lies more aside than ahead", () => {
    expect(stepCost(origin, { x: 3, y: 4 }, "right")).toBe(Number.POSITIVE_INFINITY);
    expect(stepCost(origin, { x: -3, y: 0 }, "right")).toBe(Number.POSITIVE_INFINITY);
    expect(stepCost(origin, origin, "up")).toBe(Number.POSITIVE_INFINITY);
  });

  it("prefers what is straight ahead", () => {
    expect(stepCost(origin, { x: 0, y: -5 }, "up")).toBeLessThan(stepCost(origin, { x: 3, y: -4 }, "up"));
  });
});
