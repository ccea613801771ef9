import { Play, Sparkles } from "lucide-preact";
import { IconButton } from "../../components/IconButton";
import { Menu } from "../../components/Menu";
import { Mosaic } from "../../components/Mosaic";
import { href } from "../../router";
import { getPlaylist, type PlaylistSummary } from "../../state/playlists";
import { playNow } from "../../state/queue";
import { sayError } from "../../state/toasts";
import { formatTotal, t } from "../../texts";
import styles from "./Playlists.module.css";
import { menuOf, playableOf } from "./playlistActions";

/** A playlist of the grid: its picture, its name, what it contains, and a button that plays it. */
export function PlaylistTile({ playlist, onChange }: { playlist: PlaylistSummary; onChange: () => void }) {
  const texts = t().playlists;
  const { id, name, smart, tracks, missing } = playlist;
  const isPlayable = tracks > missing;
  async function play() {
    try {
      playNow(playableOf(await getPlaylist(id)), { from: name });
    } catch (problem) {
      sayError(problem);
    }
  }
  return (
    <li class={styles.tile}>
      <a class={styles.link} href={href(["playlist", id])}>
        <Mosaic tracks={playlist.cover_tracks} />
        <span class={styles.name}>{name}</span>
        <span class={styles.note}>
          {smart && (
            <span class={styles.smart}>
              <Sparkles size={14} aria-hidden="true" />
              {texts.smart}
            </span>
          )}
          {t().counts.tracks(tracks)}
          {tracks > 0 && ` · ${formatTotal(playlist.duration_ms)}`}
        </span>
      </a>
      {isPlayable && (
        <IconButton
          icon={Play}
          label={t().actions.playTitle(name)}
          look="primary"
          class={styles.play}
          onClick={() => void play()}
        />
      )}
      <span class={styles.menu}>
        <Menu label={t().actions.moreFor(name)} items={menuOf(playlist, onChange)} />
      </span>
    </li>
  );
}
