import { ListEnd, MicVocal, Play, Radio } from "lucide-preact";
import { Button } from "../../components/Button";
import { Cover } from "../../components/Cover";
import { Hero } from "../../components/Hero";
import { ErrorMessage } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { TrackRow } from "../../components/TrackRow";
import { href, route } from "../../router";
import { type ArtistWithTracks, getArtist, playableOf, startArtistRadio } from "../../state/library";
import { addToQueue, playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { AlbumTile } from "../library/AlbumTile";
import styles from "./Artist.module.css";

/** An artist: typical tracks and albums. */
export default function ArtistView() {
  const id = route.value.path[1] ?? "";
  const { data, error, reload } = useResource((signal) => getArtist(id, signal), [id]);
  const artist = data?.id === id ? data : null;
  if (!artist) {
    return (
      <Page title={t().library.artist}>
        {error ? <ErrorMessage error={error} onRetry={reload} /> : <Skeleton of="rows" count={10} />}
      </Page>
    );
  }
  return <Shown artist={artist} />;
}

function Shown({ artist }: { artist: ArtistWithTracks }) {
  const texts = t().library;
  const { actions, counts, trackMenu } = t();
  const playable = playableOf(artist.items);
  const hero = (
    <Hero
      title={artist.name}
      kind={
        <>
          <MicVocal size={16} aria-hidden="true" />
          {texts.artist}
        </>
      }
      picture={<Cover of={{ kind: "artists", id: artist.id }} size="fill" round />}
      actions={
        <>
          <Button
            look="primary"
            icon={<Radio size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => startArtistRadio(artist)}
          >
            {trackMenu.startRadio}
          </Button>
          <Button
            icon={<Play size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => playNow(playable, { from: artist.name })}
          >
            {actions.play}
          </Button>
          <Button
            icon={<ListEnd size={18} aria-hidden="true" />}
            disabled={!playable.length}
            onClick={() => addToQueue(playable)}
          >
            {trackMenu.addToQueue}
          </Button>
        </>
      }
    >
      <p class={styles.facts}>
        {artist.albums > 0 && <span>{counts.albums(artist.albums)}</span>}
        <a href={href(["library", "songs"], { q: artist.name })}>{counts.tracks(artist.tracks)}</a>
      </p>
    </Hero>
  );
  return (
    <Page title={artist.name} hero={hero}>
      {artist.items.length > 0 && (
        <section class={styles.section} aria-label={texts.typical}>
          <h2>{texts.typical}</h2>
          <ul>
            {artist.items.map((track) => (
              <li key={track.id}>
                <TrackRow
                  track={track}
                  onPlay={() => playNow(playable, { start: playable.indexOf(track), from: artist.name })}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      {artist.discography.length > 0 && (
        <section class={styles.section} aria-label={texts.albums}>
          <h2>{texts.albums}</h2>
          <ul class={styles.albums}>
            {artist.discography.map((album) => (
              <li key={album.id}>
                <AlbumTile album={album} note={String(album.year ?? t().counts.tracks(album.tracks))} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Page>
  );
}
