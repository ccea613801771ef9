import { describe, expect, it } from "vitest";
import { conditionsOf, endsOf, readSongs, requestFor, toggled, withoutConditions } from "./songs";

const read = (address: string) => readSongs(new URLSearchParams(address));

describe("the songs of an address", () => {
  it("are all songs by artist without a query", () => {
    expect(read("")).toEqual({
      q: "",
      sort: "artist",
      order: "asc",
      genre: [],
      tags: [],
      own_features: [],
      ranges: {},
    });
  });

  it("have ranges, genres, tags and an order", () => {
    const songs = read(
      "q=moon&min_tempo=90&max_tempo=120.5&max_energy=0&genre=Rock&genre=Jazz&tags=piano&own_features=mine.ok:true&sort=year&order=desc",
    );

    expect(songs.ranges).toEqual({ tempo: { min: 90, max: 120.5 }, energy: { max: 0 } });
    expect(requestFor(songs, 200, 100)).toEqual({
      q: "moon",
      min_tempo: 90,
      max_tempo: 120.5,
      max_energy: 0,
      genre: ["Rock", "Jazz"],
      tags: ["piano"],
      own_features: ["mine.ok:true"],
      status: ["ready", "pending", "failed", "quarantined"],
      sort: "year",
      order: "desc",
      offset: 200,
      limit: 100,
    });
  });

  it("leave out what makes no sense", () => {
    const songs = read(
      "sort=colour&order=up&min_energy=much&max_energy=&min_tempo=120&max_tempo=90&genre=&min_shade=1",
    );

    expect(songs).toEqual(read(""));
  });

  it("have conditions that can be removed one by one or together", () => {
    const songs = read("genre=Rock&genre=Jazz&min_tempo=90&mode=&min_mode=1&max_mode=1&sort=year");
    const [rock, jazz, ...ranges] = conditionsOf(songs);

    expect(rock).toEqual({ text: "Rock", without: { genre: ["Jazz"] } });
    expect(jazz?.without).toEqual({ genre: ["Rock"] });
    expect(ranges.map((each) => each.text)).toEqual(["Tempo: at least 90 BPM", "Mode: major"]);
    expect(withoutConditions(songs)).toEqual({
      genre: null,
      tags: null,
      own_features: null,
      min_tempo: null,
      max_tempo: null,
      min_mode: null,
      max_mode: null,
    });
  });
});

describe("a slider", () => {
  it("ends at whole steps that include every value", () => {
    expect(endsOf("tempo", 61.4, 180.2)).toEqual([61, 181]);
    expect(endsOf("energy", 0, 1)).toEqual([0, 1]);
    expect(endsOf("flux", -4.86, -1.23)).toEqual([-4.9, -1.2]);
    expect(endsOf("duration_ms", 62_100, 401_000)).toEqual([60_000, 405_000]);
  });
});

it("toggles a value of a list", () => {
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(["a", "b"], "a")).toEqual(["b"]);
});
