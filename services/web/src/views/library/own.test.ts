import { expect, test } from "vitest";
import { ownCondition, ownRange, withOwn } from "./own";

test("a feature has one condition, which an empty value removes", () => {
  const both = withOwn(withOwn([], "mine.energy", "0.5.."), "mine.ok", "true");
  expect(both).toEqual(["mine.energy:0.5..", "mine.ok:true"]);
  expect(withOwn(both, "mine.energy", "..0.9")).toEqual(["mine.ok:true", "mine.energy:..0.9"]);
  expect(withOwn(both, "mine.energy", "..")).toEqual(["mine.ok:true"]);
  expect(withOwn(both, "mine.ok", "")).toEqual(["mine.energy:0.5.."]);
});

test("the value is what follows the name", () => {
  expect(ownCondition(["mine.scene:late: night"], "mine.scene")).toBe("late: night");
  expect(ownCondition(["mine.scene:night"], "mine.sce")).toBe("");
});

test("a range has two ends, and a number is both", () => {
  expect(ownRange("0.5..0.9")).toEqual(["0.5", "0.9"]);
  expect(ownRange("0.5..")).toEqual(["0.5", ""]);
  expect(ownRange("3")).toEqual(["3", "3"]);
  expect(ownRange("")).toEqual(["", ""]);
});
