import { afterEach, describe, expect, it } from "vitest";
import { language } from ".";
import { formatMeasure, formatOwn, formatOwnCondition, formatRange } from "./measures";

afterEach(() => {
  language.value = "en";
});

describe("formatMeasure", () => {
  it.each([
    ["tempo", 119.6, "120 BPM"],
    ["year", 1994, "1994"],
    ["duration_ms", 245_000, "4:05"],
    ["energy", 0.354, "35%"],
    ["key", 8, "A♭"],
    ["mode", 0, "minor"],
    ["time_signature", 3, "3 beats a bar"],
    ["loudness", -12.34, "-12.3 LUFS"],
  ])("writes %s %d as %s", (field, value, expected) => {
    expect(formatMeasure(field, value)).toBe(expected);
  });

  it("writes numbers as the language does", () => {
    language.value = "de";
    expect(formatMeasure("brightness", 1234)).toBe("1.234 Hz");
  });
});

describe("formatRange", () => {
  it.each([
    [{ min: 80, max: 120 }, "Tempo: 80 BPM to 120 BPM"],
    [{ max: 80 }, "Tempo: at most 80 BPM"],
    [{ min: 120, max: null }, "Tempo: at least 120 BPM"],
    [{ min: 90, max: 90 }, "Tempo: 90 BPM"],
  ])("writes %o as “%s”", (range, expected) => {
    expect(formatRange("tempo", range)).toBe(expected);
  });
});

describe("own features", () => {
  it.each([
    ["mine.energy:0.5..0.9", "mine.energy: 0.5 to 0.9"],
    ["mine.energy:0.5..", "mine.energy: at least 0.5"],
    ["mine.energy:..0.9", "mine.energy: at most 0.9"],
    ["mine.ok:false", "mine.ok: no"],
    ["mine.scene:late: night", "mine.scene: late: night"],
  ])("writes the condition %s as %s", (condition, expected) => {
    expect(formatOwnCondition(condition)).toBe(expected);
  });

  it("writes values as what they are", () => {
    expect([0.123456789, true, "night"].map(formatOwn)).toEqual(["0.123457", "yes", "night"]);
  });
});
