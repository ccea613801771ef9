/** Albums and artists of the service, and playing them. */

import { ask, client, type Schemas, type Track } from "../api/client";
import { playNow, startRadio } from "./queue";
import { sayError } from "./toasts";

export type Album = Schemas["Album"];
export type Artist = Schemas["Artist"];
export type AlbumWithTracks = Schemas["AlbumWithTracks"];
export type ArtistWithTracks = Schemas["ArtistWithTracks"];

/** Tracks that a radio starts from: enough to cover an album, and few enough for a request. */
const SEEDS_MAX = 20;

export const getAlbum = (id: string, signal?: AbortSignal): Promise<AlbumWithTracks> =>
  ask(client.GET("/v1/albums/{album_id}", { params: { path: { album_id: id } }, ...(signal && { signal }) }));

export const getArtist = (id: string, signal?: AbortSignal): Promise<ArtistWithTracks> =>
  ask(client.GET("/v1/artists/{artist_id}", { params: { path: { artist_id: id } }, ...(signal && { signal }) }));

/** Return the tracks that have a file. */
export const playableOf = (tracks: readonly Track[]): Track[] => tracks.filter((track) => track.path !== null);

export async function playAlbum(id: string): Promise<void> {
  try {
    const album = await getAlbum(id);
    playNow(playableOf(album.items), { from: album.title });
  } catch (error) {
    sayError(error);
  }
}

/** Play the artist's typical tracks, then a radio of the artist. */
export async function playArtist(id: string): Promise<void> {
  try {
    const artist = await getArtist(id);
    playNow(playableOf(artist.items), { from: artist.name });
  } catch (error) {
    sayError(error);
  }
}

export function startAlbumRadio(album: AlbumWithTracks): void {
  const ready = album.items.filter((track) => track.status === "ready");
  void startRadio({ seeds: ready.slice(0, SEEDS_MAX).map((track) => track.id), label: album.title });
}

export function startArtistRadio(artist: Artist): void {
  void startRadio({ artists: [artist.name], label: artist.name });
}
