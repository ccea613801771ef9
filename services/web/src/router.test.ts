import { describe, expect, it } from "vitest";
import { href, navigate, parse, route, setQuery } from "./router";

describe("the address of a view", () => {
  it("keeps a path with any characters", () => {
    const path = ["album", "a/b ?&#ü"];

    expect(parse(href(path)).path).toEqual(path);
  });

  it("keeps repeated values of the query and leaves out empty ones", () => {
    const address = href(["library", "songs"], { genre: ["rock", "jazz"], sort: "year", q: "", artist: null });

    expect(address).toBe("#/library/songs?genre=rock&genre=jazz&sort=year");
    expect(parse(address).query.getAll("genre")).toEqual(["rock", "jazz"]);
  });

  it("shows an address that was cut off", () => {
    expect(parse("#/album/%E4%B8").path).toEqual(["album", "%E4%B8"]);
  });

  it("changes one part of the query and keeps the others", () => {
    navigate(href(["library", "songs"], { genre: ["rock", "jazz"], sort: "year" }), { replace: true });

    setQuery({ sort: null });

    expect(route.value.query.toString()).toBe("genre=rock&genre=jazz");
    expect(route.value.path).toEqual(["library", "songs"]);
  });
});
