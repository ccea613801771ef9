// Asks the service at the address in the first argument, with types that openapi-typescript generated.
import type { components, operations } from "./segue";

declare const process: { argv: string[] };

type Schemas = components["schemas"];
type Answer<Name extends keyof operations> = operations[Name]["responses"] extends {
  200: { content: { "application/json": infer Found } };
}
  ? Found
  : operations[Name]["responses"] extends { 201: { content: { "application/json": infer Made } } }
    ? Made
    : never;

const [, , url, name] = process.argv;

async function ask<Name extends keyof operations>(_: Name, path: string, body?: unknown): Promise<Answer<Name>> {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, body === undefined ? {} : sent);
  return (await response.json()) as Answer<Name>;
}

async function recommend(): Promise<boolean> {
  const history: Schemas["ListenEvent"][] = [{ track_id: "test:1" }, { track_id: "test:2", event: "skip" }];
  const body: Schemas["RecommendationRequest"] = { history, limit: 10 };
  const answer = await ask("recommend", "/v1/recommendations", body);
  const [track] = answer.tracks;
  if (track === undefined) return false;
  const title: string = track.title;
  const energy: number | null | undefined = track.attributes?.energy;
  const reasons: string[] = track.because_of;
  return title !== "" && typeof energy === "number" && reasons.length > 0 && track.ids["test"] !== undefined;
}

async function radio(): Promise<boolean> {
  const start: Schemas["RadioRequest"] = { seeds: { tracks: ["test:0"] } };
  const { id } = await ask("startRadio", "/v1/radio", start);
  const first = await ask("nextRadioTracks", `/v1/radio/${id}/next`, { limit: 1 });
  const skipped: Schemas["NextRequest"] = { limit: 1, events: [{ track_id: first.tracks[0]!.id, event: "skip" }] };
  const then = await ask("nextRadioTracks", `/v1/radio/${id}/next`, skipped);
  return then.tracks[0]!.id !== first.tracks[0]!.id;
}

async function listens(): Promise<boolean> {
  const body: Schemas["ListensIn"] = { listens: [{ track_id: "test:1", event: "like" }] };
  const recorded = await ask("addListens", "/v1/users/types/listens", body);
  const taste = await ask("getTaste", "/v1/users/types/taste");
  return recorded.recorded === 1 && taste.counts.events["like"] === 1;
}

const calls: Record<string, () => Promise<boolean>> = {
  recommend,
  getSimilarTracks: async () => (await ask("getSimilarTracks", "/v1/tracks/test:1/similar")).tracks.length > 0,
  findPath: async () => (await ask("findPath", "/v1/path?from=test:0&to=test:3")).tracks.length > 1,
  searchByText: async () => (await ask("searchByText", "/v1/search?text=Title+007")).tracks[0]!.title === "Title 007",
  "startRadio, nextRadioTracks": radio,
  listTracks: async () => (await ask("listTracks", "/v1/tracks?limit=5")).tracks.length === 5,
  getAudioFeatures: async () => (await ask("getAudioFeatures", "/v1/audio-features/test:1")).tempo !== null,
  "addListens, getTaste": listens,
  createPlaylist: async () => {
    const body: Schemas["PlaylistRequest"] = { name: "Generated", tracks: ["test:1"] };
    return (await ask("createPlaylist", "/v1/playlists", body)).items[0]!.track.title === "Title 001";
  },
  "getSimilarTracks (unknown id)": async () => {
    const problem: unknown = await ask("getSimilarTracks", "/v1/tracks/nobody/similar");
    return (problem as Schemas["Problem"]).status === 404;
  },
};
for (const [call, run] of Object.entries(calls)) {
  console.log(JSON.stringify({ client: name, call, result: (await run()) ? "ok" : "unexpected" }));
}
