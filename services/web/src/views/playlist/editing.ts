/** A playlist that is shown and changed. Changes are visible at once and are sent one after another. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import {
  addTracks,
  changePlaylist,
  getPlaylist,
  type Playlist,
  type PlaylistChange,
  type PlaylistItem,
  wasChangedElsewhere,
} from "../../state/playlists";
import { say, sayError } from "../../state/toasts";
import { t } from "../../texts";

type Action = (revision: number) => Promise<Playlist>;

export interface Editor {
  playlist: Signal<Playlist | null>;
  error: Signal<Error | null>;
  reload: () => Promise<void>;
  /** Do something that returns the changed playlist. `preview` is shown until the service has answered. */
  run: (action: Action, preview?: Playlist) => Promise<void>;
}

/** Load a playlist and return what changes it. */
export function useEditor(id: string): Editor {
  const playlist = useSignal<Playlist | null>(null);
  const error = useSignal<Error | null>(null);
  const editor = useMemo(() => makeEditor(id, playlist, error), [id, playlist, error]);
  useEffect(() => {
    playlist.value = null;
    void editor.reload();
  }, [editor, playlist]);
  return editor;
}

export function makeEditor(id: string, playlist: Signal<Playlist | null>, error: Signal<Error | null>): Editor {
  let revision = 0;
  let waiting = 0;
  let round = 0;
  let last: Promise<void> = Promise.resolve();

  async function reload() {
    try {
      const found = await getPlaylist(id);
      revision = found.revision;
      playlist.value = found;
      error.value = null;
    } catch (problem) {
      error.value = problem instanceof Error ? problem : new Error(String(problem));
    }
  }

  async function send(action: Action, of: number) {
    if (of !== round) return; // an earlier change failed, so that this one has no ground
    try {
      const found = await action(revision);
      revision = found.revision;
      waiting -= 1;
      if (waiting === 0) playlist.value = found; // otherwise a later change is visible already
    } catch (problem) {
      round += 1;
      waiting = 0;
      if (wasChangedElsewhere(problem)) say(t().playlists.changedElsewhere, { kind: "error" });
      else sayError(problem);
      await reload();
    }
  }

  function run(action: Action, preview?: Playlist) {
    if (preview) playlist.value = preview;
    waiting += 1;
    const of = round;
    last = last.then(() => send(action, of));
    return last;
  }

  return { playlist, error, reload, run };
}

/** Change parts of a playlist, and show them at once. */
export function edit({ playlist, run }: Editor, change: PlaylistChange): Promise<void> {
  const shown = playlist.peek();
  if (!shown) return Promise.resolve();
  const { name = shown.name, description = shown.description } = change;
  return run((revision) => changePlaylist(shown.id, revision, change), { ...shown, name, description });
}

/** Show and store these entries. Those with a negative id are new. */
export function arrange({ playlist, run }: Editor, items: PlaylistItem[]): Promise<void> {
  const shown = playlist.peek();
  if (!shown) return Promise.resolve();
  const wanted = items.map((item) => (item.id > 0 ? { id: item.id } : { track_id: item.track.id }));
  return run((revision) => changePlaylist(shown.id, revision, { items: wanted }), {
    ...shown,
    ...totals(items),
    items,
  });
}

let lastNew = 0;

/** Remove an entry, with a way to undo it. */
export function removeItem(editor: Editor, removed: PlaylistItem): void {
  const items = editor.playlist.peek()?.items ?? [];
  const place = items.indexOf(removed);
  void arrange(
    editor,
    items.filter((item) => item !== removed),
  );
  const undo = () => {
    lastNew -= 1;
    const next = [...(editor.playlist.peek()?.items ?? [])];
    next.splice(place, 0, { ...removed, id: lastNew });
    void arrange(editor, next);
  };
  say(t().playlists.removed(removed.track.title), { action: { label: t().actions.undo, run: undo } });
}

/** Add a track to the end. */
export function append({ playlist, run }: Editor, track: PlaylistItem["track"]): Promise<void> {
  const shown = playlist.peek();
  if (!shown) return Promise.resolve();
  lastNew -= 1;
  const item = { id: lastNew, missing: false, added_at: new Date().toISOString(), track };
  const items = [...shown.items, item];
  return run(() => addTracks(shown.id, [track]), { ...shown, ...totals(items), items });
}

function totals(items: readonly PlaylistItem[]) {
  const present = items.filter((item) => !item.missing);
  return {
    tracks: items.length,
    missing: items.length - present.length,
    duration_ms: present.reduce((sum, item) => sum + (item.track.duration_ms ?? 0), 0),
  };
}
