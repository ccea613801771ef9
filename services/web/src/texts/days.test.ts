import { afterEach, expect, test } from "vitest";
import { formatDay, language } from ".";

const NOW = new Date(2026, 2, 10, 0, 30);

afterEach(() => {
  language.value = "en";
});

test("today and yesterday are named, whatever the hour", () => {
  expect(formatDay(new Date(2026, 2, 10, 0, 5), NOW)).toBe("Today");
  expect(formatDay(new Date(2026, 2, 9, 23, 55), NOW)).toBe("Yesterday");
  language.value = "de";
  expect(formatDay(new Date(2026, 2, 9, 1, 0), NOW)).toBe("Gestern");
});

test("earlier days have their date", () => {
  expect(formatDay(new Date(2026, 2, 8, 23, 0), NOW)).toMatch(/Sunday.*March.*2026/);
});
