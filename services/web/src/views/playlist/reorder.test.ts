import { describe, expect, test } from "vitest";
import { dropIndex, moved } from "./reorder";

describe("moved", () => {
  test.each([
    [0, 2, "bca"],
    [2, 0, "cab"],
    [1, 1, "abc"],
    [0, 9, "bca"],
    [2, -5, "cab"],
    [7, 0, "abc"],
  ])("from %i to %i gives %s", (from, to, order) => {
    expect(moved([..."abc"], from, to).join("")).toBe(order);
  });
});

test("a row is dropped where the pointer is, and never outside of the list", () => {
  expect([-20, 0, 55, 56, 168, 900].map((y) => dropIndex(y, 56, 4))).toEqual([0, 0, 0, 1, 3, 3]);
});
