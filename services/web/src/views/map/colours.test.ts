import { describe, expect, it } from "vitest";
import { between, coloured, toRgb } from "./colours";

const palette = {
  scale: [
    [0, 0, 0],
    [200, 100, 0],
  ],
  names: [
    [1, 1, 1],
    [2, 2, 2],
  ],
  other: [9, 9, 9],
  path: [0, 0, 0],
} as const;

const of = (colours: Uint8Array, number: number) => [...colours.subarray(3 * number, 3 * number + 3)];
const head = { version: 1, revision: 0 };

describe("the colours of the points", () => {
  it("go from low to high; unknown values have a colour of their own", () => {
    const { colours, ends, others } = coloured(
      { ...head, by: "energy", names: null, values: [0, 1, 0.5, null] },
      palette,
    );

    expect([0, 1, 2, 3].map((number) => of(colours, number))).toEqual([
      [0, 0, 0],
      [200, 100, 0],
      [100, 50, 0],
      [9, 9, 9],
    ]);
    expect(ends).toEqual({ low: 0, high: 1 });
    expect(others).toBe(1);
  });

  it("leave out extreme values at the ends of the scale", () => {
    const values = [...Array.from({ length: 200 }, (_, number) => number), 1_000_000];
    const { ends } = coloured({ ...head, by: "tempo", names: null, values }, palette);

    expect(ends?.low).toBe(4);
    expect(ends?.high).toBeLessThan(200);
  });

  it("give the most frequent names a colour and count the others", () => {
    const values = [0, 0, 1, 2, null];
    const made = coloured({ ...head, by: "genre", names: ["rock", "jazz", "folk"], values }, palette);

    expect(values.map((_, number) => of(made.colours, number)[0])).toEqual([1, 1, 2, 9, 9]);
    expect(made.names.map(({ name, count }) => [name, count])).toEqual([
      ["rock", 2],
      ["jazz", 1],
    ]);
    expect(made.others).toBe(2);
    expect(made.ends).toBeNull();
  });

  it("do not fail where nothing is known", () => {
    const { colours } = coloured({ ...head, by: "liveness", names: null, values: [null, null] }, palette);

    expect([...colours]).toEqual([9, 9, 9, 9, 9, 9]);
  });

  it("mix two neighbours of a scale", () => {
    expect(between(palette.scale, 0.25)).toEqual([50, 25, 0]);
  });
});

it("reads colours as tokens and the build write them", () => {
  expect(toRgb(" #a1b2c3")).toEqual([0xa1, 0xb2, 0xc3]);
  expect(toRgb("#fff")).toEqual([255, 255, 255]);
});
