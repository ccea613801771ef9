import { describe, expect, it } from "vitest";
import { applyLanguage, language } from "../../texts";
import { formatBytes, formatDuration } from "./progress";

describe("a duration", () => {
  it.each([
    [0, "less than a minute"],
    [59, "less than a minute"],
    [60, "about 1 minute"],
    [3599, "about 60 minutes"],
    [7200, "about 2 hours"],
    [86_400, "about 24 hours"],
    [10 * 86_400, "about 10 days"],
  ])("of %i seconds is “%s”", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("is written in German", async () => {
    language.value = "de";
    await applyLanguage();

    expect(formatDuration(7200)).toBe("etwa 2 Stunden");
  });
});

describe("a size", () => {
  it.each([
    [0, "0 MB"],
    [999, "999 byte"],
    [1500, "1.5 kB"],
    [52_428_800, "52 MB"],
    [1.28e11, "128 GB"],
    [5e15, "5,000 TB"],
  ])("of %d bytes is “%s”", (bytes, text) => {
    language.value = "en";

    expect(formatBytes(bytes)).toBe(text);
  });
});
