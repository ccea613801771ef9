import { afterEach, expect, test, vi } from "vitest";
import { recentlyPlayed, recommendedByTaste, rediscoveries } from "./home";

const cancelled = new AbortController().signal;
const track = (id: string, more = {}) => ({ id, title: id, status: "ready", ...more });
const listen = (id: string) => ({ track_id: id, track: track(id) });

/** Answer requests by their query. */
function serve(answer: (query: URLSearchParams) => object) {
  vi.stubGlobal("fetch", async (request: Request) => Response.json(answer(new URL(request.url).searchParams)));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a track that was heard often is recent once", async () => {
  serve(() => ({ listens: [listen("a"), listen("b"), listen("a")], next_cursor: null }));

  expect((await recentlyPlayed("ada", cancelled)).map(({ id }) => id)).toEqual(["a", "b"]);
});

test("a listen without a playable track is left out", async () => {
  const missing = { track_id: "gone", track: track("gone", { status: "missing" }) };
  serve(() => ({ listens: [{ track_id: null }, missing, listen("a")], next_cursor: null }));

  expect((await recentlyPlayed("ada", cancelled)).map(({ id }) => id)).toEqual(["a"]);
});

test("rediscoveries were heard long ago and not since, most heard first", async () => {
  serve((query) => ({
    listens: query.has("before") ? ["a", "b", "c", "c"].map(listen) : [listen("a")],
    next_cursor: null,
  }));

  expect((await rediscoveries("ada", cancelled)).map(({ id }) => id)).toEqual(["c", "b"]);
});

test("recommendations are grouped by the strongest track of their taste", async () => {
  serve(() => ({
    tastes: [{ plays: ["x", "y"] }, { plays: ["z"] }],
    tracks: [track("a", { taste: 1 }), track("b", { taste: 0 }), track("c", { taste: 1 }), track("d", { taste: null })],
  }));
  const found = await recommendedByTaste("ada", cancelled);

  expect([...found].map(([strongest, tracks]) => [strongest, tracks.map(({ id }) => id)])).toEqual([
    ["x", ["b"]],
    ["z", ["a", "c"]],
  ]);
});
