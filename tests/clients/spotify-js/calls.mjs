// Calls of Spotify's TypeScript SDK and of spotify-web-api-node: `calls.mjs URL TRACK UNTAGGED`.

import { createRequire } from "node:module";

import { SpotifyApi } from "@spotify/web-api-ts-sdk";

const require = createRequire(import.meta.url);
const [url, track, untagged] = process.argv.slice(2);
const unknown = "4NHQUGzhtTLFvgF5SZesLK";

async function report(client, call, run) {
  let result;
  try {
    result = (await run()) ? "ok" : "unexpected content";
  } catch (error) {
    const status = error.statusCode ?? /response code: (\d+)/.exec(error.message)?.[1];
    result = status ? `refused (${status})` : `${error.name}: ${error.message.split("\n")[0]}`;
  }
  const { version } = require(`./node_modules/${client}/package.json`);
  console.log(JSON.stringify({ client: `${client} ${version}`, call, result }));
}

async function callSdk() {
  const token = { access_token: "any token", token_type: "Bearer", expires_in: 3600, refresh_token: "" };
  const client = SpotifyApi.withAccessToken("any client", token, {
    fetch: (asked, options) => fetch(asked.replace("https://api.spotify.com", url), options),
  });
  const known = await client.tracks.get(track);
  const [artist] = known.artists;
  const calls = {
    "recommendations/available-genre-seeds": async () =>
      (await client.recommendations.genreSeeds()).genres.includes("Folk"),
    recommendations: async () =>
      (await client.recommendations.get({ seed_genres: ["Folk"], limit: 3, min_tempo: 85 })).tracks.length === 3,
    "recommendations (seeds of a track)": async () =>
      (await client.recommendations.get({ seed_tracks: [known.id], seed_artists: [artist.id], limit: 1 })).tracks[0].id,
    "tracks/{id}": async () => known.name === "Title 001",
    tracks: async () => (await client.tracks.get([known.id]))[0].id === known.id,
    "tracks/{id} (no tags)": async () => (await client.tracks.get(untagged)).album.id,
    "artists/{id}": async () => (await client.artists.get(artist.id)).genres[0] === "Folk",
    "search?type=track": async () => (await client.search("track:title 001", ["track"])).tracks.items[0].id === known.id,
    "audio-features/{id}": async () => (await client.tracks.audioFeatures(known.id)).tempo === 81,
    "audio-features": async () => (await client.tracks.audioFeatures([known.id, unknown]))[1] === null,
    "recommendations (empty range)": async () =>
      client.recommendations.get({ seed_genres: ["Folk"], min_energy: 0.9, max_energy: 0.1 }),
    "tracks/{id} (unknown)": async () => client.tracks.get(unknown),
    "audio-analysis/{id}": async () => client.tracks.audioAnalysis(known.id),
  };
  for (const [call, run] of Object.entries(calls)) await report("@spotify/web-api-ts-sdk", call, run);
}

async function callNode() {
  // Spotify's address is a constant of the package, which puts `/v1/` before every path.
  const { hostname, port, pathname } = new URL(url);
  const { builder } = require("spotify-web-api-node/src/base-request");
  require("spotify-web-api-node/src/webapi-request").builder = (token) => {
    const request = builder().withScheme("http").withHost(hostname).withPort(Number(port)).withAuth(token);
    const withPath = request.withPath.bind(request);
    return Object.assign(request, { withPath: (path) => withPath(pathname + path) });
  };
  const SpotifyWebApi = require("spotify-web-api-node");
  const client = new SpotifyWebApi({ accessToken: "any token" });
  const known = (await client.getTrack(track)).body;
  const [artist] = known.artists;
  const calls = {
    "recommendations/available-genre-seeds": async () =>
      (await client.getAvailableGenreSeeds()).body.genres.includes("Folk"),
    recommendations: async () =>
      (await client.getRecommendations({ seed_genres: ["Folk"], limit: 3, min_tempo: 85 })).body.tracks.length === 3,
    "recommendations (seeds of a track)": async () =>
      (await client.getRecommendations({ seed_tracks: [known.id], seed_artists: [artist.id], limit: 1 })).body.tracks[0].id,
    "tracks/{id}": async () => known.name === "Title 001",
    tracks: async () => (await client.getTracks([known.id])).body.tracks[0].id === known.id,
    "tracks/{id} (no tags)": async () => (await client.getTrack(untagged)).body.album.id,
    "artists/{id}": async () => (await client.getArtist(artist.id)).body.genres[0] === "Folk",
    "search?type=track": async () => (await client.searchTracks("track:title 001")).body.tracks.items[0].id === known.id,
    "audio-features/{id}": async () => (await client.getAudioFeaturesForTrack(known.id)).body.tempo === 81,
    "audio-features": async () =>
      (await client.getAudioFeaturesForTracks([known.id, unknown])).body.audio_features[1] === null,
    "recommendations (empty range)": async () =>
      client.getRecommendations({ seed_genres: ["Folk"], min_energy: 0.9, max_energy: 0.1 }),
    "tracks/{id} (unknown)": async () => client.getTrack(unknown),
    "audio-analysis/{id}": async () => client.getAudioAnalysisForTrack(known.id),
  };
  for (const [call, run] of Object.entries(calls)) await report("spotify-web-api-node", call, run);
}

await callSdk();
await callNode();
