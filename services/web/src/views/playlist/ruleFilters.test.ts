import { describe, expect, test } from "vitest";
import type { PlaylistRules } from "../../state/playlists";
import { language } from "../../texts";
import { changedFilters, chosenOf, ruleConditions } from "./ruleFilters";

const FILTERS = { energy: { max: 0.4 }, genre: ["Folk", "Rock"], artist: ["A"] } as PlaylistRules["filters"];

describe("the filters of rules", () => {
  test("become choices of the panel, and come back", () => {
    expect(chosenOf(FILTERS)).toEqual({
      genre: ["Folk", "Rock"],
      tags: [],
      own_features: [],
      ranges: { energy: { max: 0.4 } },
    });
    expect(chosenOf({ ...FILTERS, exclude_genre: ["Jazz"] } as PlaylistRules["filters"])).toEqual(chosenOf(FILTERS));
    expect(chosenOf(null)).toEqual({ genre: [], tags: [], own_features: [], ranges: {} });
    expect(changedFilters(FILTERS, "tempo", { min: 90 })).toEqual({ ...FILTERS, tempo: { min: 90 } });
  });

  test("that choose nothing are left out", () => {
    expect(changedFilters(FILTERS, "genre", [])).toEqual({ energy: { max: 0.4 }, artist: ["A"] });
    expect(changedFilters({ energy: { max: 0.4 } } as PlaylistRules["filters"], "energy", {})).toBeNull();
  });

  test("are removed one by one", () => {
    language.value = "en";
    const conditions = ruleConditions(FILTERS);
    expect(conditions.map((each) => each.text).slice(1)).toEqual(["Folk", "Rock", "A"]);
    expect(conditions[0]?.text).toContain("Energy");
    expect(conditions[0]?.without).toEqual({ genre: ["Folk", "Rock"], artist: ["A"] });
    expect(conditions[1]?.without).toEqual({ ...FILTERS, genre: ["Rock"] });
    const [rule] = ruleConditions({ exclude_genre: ["Rock"] } as PlaylistRules["filters"]);
    expect(rule).toEqual({ text: "not Rock", without: null });
    expect(conditions[3]?.without).toEqual({ energy: { max: 0.4 }, genre: ["Folk", "Rock"] });
  });
});
