import { expect, test } from "vitest";
import { toggled } from "./FirstVisit";

test("a choice is added, and removed by the second click", () => {
  expect(toggled(["a"], "b", 5)).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "a", 5)).toEqual(["b"]);
});

test("a full list takes no more, but still lets go", () => {
  expect(toggled(["a", "b"], "c", 2)).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "b", 2)).toEqual(["a"]);
});
