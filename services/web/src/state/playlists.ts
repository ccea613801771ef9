/** Playlists of the service: the list, changes of one, files, and the tracks that a dialog adds. */

import { signal } from "@preact/signals";
import { ApiError, ask, client, type Schemas, type Track } from "../api/client";
import { t } from "../texts";
import { listener, privateSession } from "./listener";
import { recommendedIn } from "./recommended";
import { say, sayError } from "./toasts";

export type Playlist = Schemas["Playlist"];
export type PlaylistSummary = Schemas["PlaylistSummary"];
export type PlaylistItem = Schemas["PlaylistItem"];
export type PlaylistRules = Required<Schemas["PlaylistRules"]>;
export type PlaylistFormat = Schemas["PlaylistFormat"];
/** A format, and whether its paths begin at the library root or at the root of the service's machine. */
export interface ExportChoice {
  format: PlaylistFormat;
  paths: Schemas["ExportPaths"];
}
export type Suggestion = Schemas["RecommendedTrack"];
export type UnmatchedLine = Schemas["UnmatchedLine"];

/** A change of a playlist; parts that are absent stay as they are. */
export interface PlaylistChange {
  name?: string;
  description?: string;
  /** All entries in their new order: present ones by `id`, new ones by `track_id`. */
  items?: ({ id: number } | { track_id: string })[];
  /** Null makes a smart playlist an ordinary one. */
  rules?: Partial<PlaylistRules> | null;
}

/** A new playlist: with tracks, or with rules that choose them. */
export interface NewPlaylist {
  name: string;
  description?: string;
  tracks?: string[];
  rules?: Partial<PlaylistRules>;
}

/** What the dialog “Add to playlist” needs of a track. */
export type NamedTrack = Pick<Track, "id" | "title" | "artist">;

/** Tracks for which the dialog “Add to playlist” is open, with a name for a new one. */
export const adding = signal<{ tracks: readonly NamedTrack[]; name: string } | null>(null);

/** Open the dialog that adds tracks to a playlist. `name` is suggested for a new playlist. */
export function addToPlaylist(tracks: readonly NamedTrack[], name = ""): void {
  if (tracks.length) adding.value = { tracks, name };
}

/** Return the playlists of the listener and those of nobody. Without a listener, return all. */
export async function listPlaylists(cancelled: AbortSignal, owner: string | null): Promise<PlaylistSummary[]> {
  const { playlists } = await ask(client.GET("/v1/playlists", { signal: cancelled }));
  return playlists.filter((each) => owner === null || each.owner === null || each.owner === owner);
}

export function getPlaylist(id: string, cancelled?: AbortSignal): Promise<Playlist> {
  const init = { params: { path: { playlist_id: id } }, ...(cancelled && { signal: cancelled }) };
  return ask(client.GET("/v1/playlists/{playlist_id}", init));
}

export function createPlaylist(made: NewPlaylist): Promise<Playlist> {
  const body = { ...made, owner: listener.peek() };
  return ask(client.POST("/v1/playlists", { body }));
}

/**
 * Change a playlist that was seen in this revision.
 *
 * @throws ApiError with status 409 if it was changed elsewhere.
 */
export function changePlaylist(id: string, revision: number, change: PlaylistChange): Promise<Playlist> {
  const body = { revision, ...change };
  return ask(client.PUT("/v1/playlists/{playlist_id}", { params: { path: { playlist_id: id } }, body }));
}

export const wasChangedElsewhere = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

export function addTracks(id: string, tracks: readonly NamedTrack[]): Promise<Playlist> {
  const body = { tracks: tracks.map((track) => track.id) };
  return ask(client.POST("/v1/playlists/{playlist_id}/tracks", { params: { path: { playlist_id: id } }, body }));
}

export function refreshPlaylist(id: string): Promise<Playlist> {
  return ask(client.POST("/v1/playlists/{playlist_id}/refresh", { params: { path: { playlist_id: id } } }));
}

/** Return tracks that continue a playlist, without those in `exclude`. */
export async function suggestTracks(id: string, exclude: string[], cancelled: AbortSignal): Promise<Suggestion[]> {
  const init = {
    params: { path: { playlist_id: id } },
    body: { limit: 10, exclude, private: privateSession.peek() },
    signal: cancelled,
  };
  return recommendedIn(await ask(client.POST("/v1/playlists/{playlist_id}/extend", init)));
}

/** Delete a playlist, with a way to undo it. `onChange` is called after both. */
export async function deletePlaylist(id: string, onChange: () => void): Promise<void> {
  const texts = t().playlists;
  const kept = await getPlaylist(id);
  await ask(client.DELETE("/v1/playlists/{playlist_id}", { params: { path: { playlist_id: id } } }));
  onChange();
  const restore = () => createPlaylist(copyOf(kept)).then(onChange, sayError);
  say(texts.deleted(kept.name), { action: { label: t().actions.undo, run: () => void restore() } });
}

function copyOf({ name, description, rules, items }: Playlist): NewPlaylist {
  return { name, description, ...(rules ? { rules } : { tracks: items.map(({ track }) => track.id) }) };
}

/** Save a playlist as a file. */
export async function exportPlaylist({ id, name }: PlaylistSummary, { format, paths }: ExportChoice): Promise<void> {
  const params = { path: { playlist_id: id }, query: { format, paths } };
  const init = { params, parseAs: "blob" } as const;
  const content: Blob = await ask(client.GET("/v1/playlists/{playlist_id}/export", init) as never);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `${name.replace(/[\\/:*?"<>|]/g, "_")}.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Create a playlist from an M3U or M3U8 file. */
export function importPlaylist(file: File): Promise<Schemas["ImportedPlaylist"]> {
  const form = new FormData();
  form.set("file", file);
  const owner = listener.peek();
  if (owner !== null) form.set("owner", owner);
  return ask(client.POST("/v1/playlists/import", { body: form as never, bodySerializer: (body) => body as never }));
}
