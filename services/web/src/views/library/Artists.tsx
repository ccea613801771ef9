import { MicVocal } from "lucide-preact";
import { useCallback } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Tile, TilePlaceholder } from "../../components/Tile";
import { VirtualGrid } from "../../components/VirtualGrid";
import { href, route } from "../../router";
import { type Artist, playArtist } from "../../state/library";
import { type LoadPart, usePages } from "../../state/pages";
import { t } from "../../texts";
import { Listing } from "./Listing";
import { type ArtistSort, artistsOf } from "./lists";
import { Toolbar } from "./Toolbar";

const SORTS: readonly ArtistSort[] = ["name", "tracks", "added"];

/** The artists as a grid. */
export function Artists() {
  const texts = t().library;
  const { q, sort, order } = artistsOf(route.value.query, SORTS);
  const load: LoadPart<Artist> = async (offset, limit, signal) => {
    const query = { q, sort, order, offset, limit };
    const { artists, total } = await ask(client.GET("/v1/artists", { params: { query }, signal }));
    return { items: artists, total };
  };
  const pages = usePages(load, [q, sort, order]);
  const onRange = useCallback((first: number, last: number) => pages?.show(first, last), [pages]);
  return (
    <>
      <Toolbar
        find={texts.findArtist}
        q={q}
        sorts={SORTS.map((value) => ({ value, label: texts.artistSorts[value] }))}
        sort={sort}
        order={order}
      />
      <Listing pages={pages} of="tiles" icon={MicVocal} count={t().counts.artists} isFiltered={Boolean(q)}>
        {(total) => (
          <VirtualGrid
            count={total}
            label={texts.artists}
            onRange={onRange}
            renderItem={(index) => <ArtistTile key={index} artist={pages?.item(index)} />}
          />
        )}
      </Listing>
    </>
  );
}

function ArtistTile({ artist }: { artist: Artist | undefined }) {
  if (!artist) return <TilePlaceholder round />;
  const { counts } = t();
  const note = artist.albums ? `${counts.albums(artist.albums)} · ${counts.tracks(artist.tracks)}` : null;
  return (
    <Tile
      cover={{ kind: "artists", id: artist.id }}
      round
      title={artist.name}
      note={note ?? counts.tracks(artist.tracks)}
      href={href(["artist", artist.id])}
      onPlay={() => void playArtist(artist.id)}
    />
  );
}
