/** What can be done with a playlist in a list and on its own page. */

import { Download, ListEnd, Radio, Trash2 } from "lucide-preact";
import type { Track } from "../../api/client";
import type { MenuItem } from "../../components/Menu";
import { me } from "../../state/listener";
import {
  deletePlaylist,
  type ExportChoice,
  exportPlaylist,
  getPlaylist,
  type Playlist,
  type PlaylistFormat,
  type PlaylistSummary,
} from "../../state/playlists";
import { addToQueue, startRadio } from "../../state/queue";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";

/** Seeds of a radio: the service takes at most 50. */
const SEEDS_MAX = 50;

/** Each format with the name that programs show. */
const FORMATS: Record<PlaylistFormat, string> = { m3u8: "M3U8", xspf: "XSPF", jspf: "JSPF" };

/** Return the tracks of a playlist that have files. */
export const playableOf = (playlist: Playlist): Track[] =>
  playlist.items.filter((item) => !item.missing).map((item) => item.track);

/** Return tracks in a random order. */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}

/** Start a radio that continues a playlist. Of a long one, a random part gives the direction. */
export function startPlaylistRadio(playlist: Playlist): void {
  const seeds = shuffled([...new Set(playableOf(playlist).map((track) => track.id))]).slice(0, SEEDS_MAX);
  startRadio({ seeds, label: playlist.name }).catch(sayError);
}

/** Return the items of a playlist's menu. `onChange` is called after a deletion and after its undoing. */
export function menuOf(playlist: PlaylistSummary, onChange: () => void): MenuItem[] {
  const texts = t().playlists;
  const withTracks = (action: (found: Playlist) => void) => () => void getPlaylist(playlist.id).then(action, sayError);
  const exportItem = (label: string, choice: ExportChoice): MenuItem => ({
    label,
    icon: Download,
    run: () => void exportPlaylist(playlist, choice).catch(sayError),
  });
  const isPlayable = playlist.tracks > playlist.missing;
  return [
    ...(isPlayable
      ? [
          {
            label: t().trackMenu.addToQueue,
            icon: ListEnd,
            run: withTracks((found) => addToQueue(playableOf(found))),
          },
          { label: t().trackMenu.startRadio, icon: Radio, run: withTracks(startPlaylistRadio) },
        ]
      : []),
    ...(Object.keys(FORMATS) as PlaylistFormat[]).map((format) =>
      exportItem(texts.exportAs(FORMATS[format]), { format, paths: "relative" }),
    ),
    ...(me.peek()?.scopes.includes("admin")
      ? [exportItem(texts.exportFullPaths, { format: "m3u8", paths: "absolute" })]
      : []),
    {
      label: texts.delete,
      icon: Trash2,
      isDangerous: true,
      run: () => void deletePlaylist(playlist.id, onChange).catch(sayError),
    },
  ];
}
