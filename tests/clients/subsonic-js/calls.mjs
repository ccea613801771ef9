// Calls of subsonic-api: `calls.mjs URL USER PASSWORD SONG`.

import { createRequire } from "node:module";

import SubsonicAPI from "subsonic-api";

import { listen } from "./listening.mjs";

const { version } = createRequire(import.meta.url)("./node_modules/subsonic-api/package.json");
const [url, username, password, song] = process.argv.slice(2);

async function report(calls) {
  for (const [call, run] of Object.entries(calls)) {
    let result;
    try {
      result = (await run()) ? "ok" : "unexpected content";
    } catch (error) {
      result = `${error.name}: ${error.message.split("\n")[0]}`;
    }
    console.log(JSON.stringify({ client: `subsonic-api ${version}`, call, result }));
  }
}

async function starts(response, ...bytes) {
  const content = new Uint8Array(await (await response).arrayBuffer());
  return bytes.every((byte, place) => byte === null || content[place] === byte);
}

// Calls that show a library and play it.
async function browse(client) {
  const known = (await client.getSong({ id: song })).song;
  const { artistId, albumId } = known;
  const [R, I, F] = [0x52, 0x49, 0x46];
  return {
    ping: async () => (await client.ping()).status === "ok",
    getLicense: async () => (await client.getLicense()).license.valid,
    getUser: async () => (await client.getUser({ username })).user.streamRole,
    getOpenSubsonicExtensions: async () =>
      (await client.getOpenSubsonicExtensions()).openSubsonicExtensions.some((each) => each.name === "songLyrics"),
    getMusicFolders: async () => (await client.getMusicFolders()).musicFolders.musicFolder[0].name === "Music",
    getIndexes: async () => (await client.getIndexes()).indexes.index[0].artist.length === 4,
    getMusicDirectory: async () => (await client.getMusicDirectory({ id: artistId })).directory.child[0].id === albumId,
    getArtists: async () => (await client.getArtists()).artists.index[0].artist.length === 4,
    getArtist: async () => (await client.getArtist({ id: artistId })).artist.album[0].id === albumId,
    getAlbum: async () => (await client.getAlbum({ id: albumId })).album.song.some((each) => each.id === song),
    getSong: async () => known.title === "Title 001",
    getGenres: async () => (await client.getGenres()).genres.genre.length === 4,
    getAlbumList: async () =>
      (await client.getAlbumList({ type: "alphabeticalByName" })).albumList.album.length === 4,
    getAlbumList2: async () => (await client.getAlbumList2({ type: "newest", size: 3 })).albumList2.album.length === 3,
    getRandomSongs: async () => (await client.getRandomSongs({ size: 5 })).randomSongs.song.length === 5,
    getSongsByGenre: async () => (await client.getSongsByGenre({ genre: "Folk" })).songsByGenre.song.length === 6,
    search2: async () => (await client.search2({ query: "Title 001" })).searchResult2.song[0].id === song,
    search3: async () => (await client.search3({ query: "Artist 2" })).searchResult3.artist[0].name === "Artist 2",
    "search3 (empty query)": async () =>
      (await client.search3({ query: "", songCount: 500 })).searchResult3.song.length === 24,
    getCoverArt: () => starts(client.getCoverArt({ id: albumId, size: 300 }), 0x89, 0x50),
    stream: () => starts(client.stream({ id: song }), R, I, F, F),
    "stream (to MP3)": () => starts(client.stream({ id: song, format: "mp3", maxBitRate: 64 }), 0xff),
    download: () => starts(client.download({ id: song }), R, I, F, F),
    getLyrics: async () => (await client.getLyrics({ artist: "Artist 1", title: "Title 001" })).lyrics,
    getLyricsBySongId: async () =>
      (await client.getLyricsBySongId({ id: song })).lyricsList.structuredLyrics.length === 0,
    getTopSongs: async () => (await client.getTopSongs({ artist: "Artist 1" })).topSongs.song[0].artist === "Artist 1",
    getArtistInfo2: async () => (await client.getArtistInfo2({ id: artistId })).artistInfo2.similarArtist.length === 3,
    getAlbumInfo2: async () => (await client.getAlbumInfo2({ id: albumId })).albumInfo,
    getSimilarSongs: async () => (await client.getSimilarSongs({ id: song, count: 3 })).similarSongs.song.length === 3,
    getSimilarSongs2: async () =>
      (await client.getSimilarSongs2({ id: artistId, count: 3 })).similarSongs2.song.length === 3,
    getScanStatus: async () => (await client.getScanStatus()).scanStatus.count === 24,
    "getSong (unknown)": async () => (await client.getSong({ id: "nobody" })).error.code === 70,
    "startScan (no administrator)": async () => (await client.startScan()).error.code === 50,
  };
}

const client = new SubsonicAPI({ url, auth: { username, password } });
await report({ ...(await browse(client)), ...(await listen(client, song)) });
