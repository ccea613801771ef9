import { Disc3, ListEnd, ListPlus, ListStart, Pause, Play, Radio } from "lucide-preact";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { Cover } from "../../components/Cover";
import { Hero } from "../../components/Hero";
import { Menu } from "../../components/Menu";
import { ErrorMessage } from "../../components/Message";
import { Page } from "../../components/Page";
import { PlayingBars } from "../../components/PlayingBars";
import { Skeleton } from "../../components/Skeleton";
import { TrackMenu } from "../../components/TrackMenu";
import { href, route } from "../../router";
import { type AlbumWithTracks, getAlbum, playableOf, startAlbumRadio } from "../../state/library";
import { addToPlaylist } from "../../state/playlists";
import { addToQueue, current, playing, playNext, playNow, togglePlay } from "../../state/queue";
import { useResource } from "../../state/resource";
import { formatLength, formatTotal, t } from "../../texts";
import styles from "./Album.module.css";

/** An album: its cover, its facts, and its tracks by disc. */
export default function AlbumView() {
  const id = route.value.path[1] ?? "";
  const { data, error, reload } = useResource((signal) => getAlbum(id, signal), [id]);
  const album = data?.id === id ? data : null;
  if (!album) {
    return (
      <Page title={t().library.album}>
        {error ? <ErrorMessage error={error} onRetry={reload} /> : <Skeleton of="rows" count={12} />}
      </Page>
    );
  }
  return <Shown album={album} />;
}

function Shown({ album }: { album: AlbumWithTracks }) {
  const texts = t().library;
  const playable = playableOf(album.items);
  const isReady = album.items.some((track) => track.status === "ready");
  const hero = (
    <Hero
      title={album.title}
      kind={
        <>
          <Disc3 size={16} aria-hidden="true" />
          {texts.album}
        </>
      }
      picture={<Cover of={{ kind: "albums", id: album.id }} size="fill" />}
      actions={
        <>
          <Button
            look="primary"
            icon={<Play size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => playNow(playable, { from: album.title })}
          >
            {t().actions.play}
          </Button>
          <Button
            icon={<Radio size={18} aria-hidden="true" />}
            disabled={!isReady}
            onClick={() => startAlbumRadio(album)}
          >
            {t().trackMenu.startRadio}
          </Button>
          <Button
            icon={<ListEnd size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => addToQueue(playable)}
          >
            {t().trackMenu.addToQueue}
          </Button>
          <Menu
            label={t().actions.moreFor(album.title)}
            items={[
              { label: t().trackMenu.playNext, icon: ListStart, run: () => playNext(playable) },
              { label: t().playlists.add, icon: ListPlus, run: () => addToPlaylist(playable, album.title) },
            ]}
          />
        </>
      }
    >
      <p class={styles.facts}>
        {album.artist_id ? (
          <a class={styles.artist} href={href(["artist", album.artist_id])}>
            {album.artist}
          </a>
        ) : (
          <span class={styles.artist}>{album.artist ?? t().unknownArtist}</span>
        )}
        {album.year !== null && <span>{album.year}</span>}
        {album.genre && <a href={href(["library", "songs"], { genre: album.genre })}>{album.genre}</a>}
        <span>{t().counts.tracks(album.tracks)}</span>
        <span>{formatTotal(album.duration_ms)}</span>
      </p>
    </Hero>
  );
  const isNumbered = album.items.some((track) => typeof track.track_number === "number");
  return (
    <Page title={album.title} hero={hero}>
      {discsOf(album.items).map(({ disc, tracks }, _, discs) => (
        <section key={disc} class={styles.disc} aria-label={discs.length > 1 ? texts.disc(disc) : album.title}>
          {discs.length > 1 && <h2>{texts.disc(disc)}</h2>}
          <ol>
            {tracks.map((track, index) => (
              <AlbumTrack
                key={track.id}
                track={track}
                number={isNumbered ? (track.track_number ?? null) : index + 1}
                album={album}
                onPlay={() => playNow(playable, { start: playable.indexOf(track), from: album.title })}
              />
            ))}
          </ol>
        </section>
      ))}
    </Page>
  );
}

function discsOf(tracks: readonly Track[]): { disc: number; tracks: Track[] }[] {
  const discs = new Map<number, Track[]>();
  for (const track of tracks) {
    const disc = track.disc_number ?? 1;
    discs.set(disc, [...(discs.get(disc) ?? []), track]);
  }
  return [...discs].map(([disc, ofDisc]) => ({ disc, tracks: ofDisc }));
}

interface TrackProps {
  track: Track;
  /** That of the file, or its place if no file of the album has one. */
  number: number | null;
  album: AlbumWithTracks;
  onPlay: () => void;
}

/** A track of the album. Its artist is shown if it is not the album's. */
function AlbumTrack({ track, number, album, onPlay }: TrackProps) {
  const isCurrent = current.value?.id === track.id;
  const isPlaying = isCurrent && playing.value;
  const isOther = track.artist !== album.artist;
  const { actions } = t();
  return (
    <li class={styles.row} aria-current={isCurrent ? "true" : undefined}>
      <button
        type="button"
        class={styles.number}
        aria-label={isPlaying ? actions.pauseTitle(track.title) : actions.playTitle(track.title)}
        onClick={isCurrent ? togglePlay : onPlay}
      >
        <span class={styles.count}>{isCurrent ? <PlayingBars isMoving={isPlaying} /> : number}</span>
        {isPlaying ? <Pause size={18} aria-hidden="true" /> : <Play size={18} aria-hidden="true" />}
      </button>
      <span class={styles.names}>
        <span class={styles.title}>{track.title}</span>
        {isOther && track.artist_id && (
          <a class={styles.by} href={href(["artist", track.artist_id])}>
            {track.artist}
          </a>
        )}
      </span>
      <span class={styles.length}>{track.duration_ms === null ? "" : formatLength(track.duration_ms)}</span>
      <TrackMenu track={track} />
    </li>
  );
}
