import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { partsOf, without } from "./understood";

const UNDERSTOOD: Schemas["Understood"] = {
  text: "calm jazz or folk under 80 bpm like Nebula, no drums, not by Maxstack",
  weight: 1,
  filters: { tempo: { max: 80 }, genre: ["jazz", "folk"] },
  exclude_artists: ["Maxstack"],
  targets: { energy: 0.2 },
  like: ["t1"],
  less: ["drums"],
  rest: "calm",
  warnings: [],
};

describe("partsOf", () => {
  it("lists each part once, words first", () => {
    expect(partsOf(UNDERSTOOD).map(({ id }) => id)).toEqual([
      "rest",
      "like:t1",
      "filter:tempo",
      "filter:genre:jazz",
      "filter:genre:folk",
      "artist:Maxstack",
      "target:energy",
      "less:drums",
    ]);
  });

  it("lists nothing of a text that was not understood", () => {
    const nothing = { ...UNDERSTOOD, filters: {}, exclude_artists: [], targets: {}, like: [], less: [], rest: null };
    expect(partsOf(nothing)).toEqual([]);
  });
});

describe("without", () => {
  it("keeps everything if nothing is left out", () => {
    const { warnings: _, ...sent } = UNDERSTOOD;
    expect(without(UNDERSTOOD, new Set())).toEqual(sent);
  });

  it("leaves out the named parts only", () => {
    const left = without(UNDERSTOOD, new Set(["rest", "filter:tempo", "filter:genre:jazz", "less:drums"]));
    expect(left).toMatchObject({ rest: null, filters: { genre: ["folk"] }, less: [], like: ["t1"] });
  });

  it("sends no empty list of genres", () => {
    const left = without(UNDERSTOOD, new Set(["filter:genre:jazz", "filter:genre:folk"]));
    expect(left.filters).toEqual({ tempo: { max: 80 } });
  });
});
