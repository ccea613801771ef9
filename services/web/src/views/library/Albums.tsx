import { Disc3 } from "lucide-preact";
import { useCallback } from "preact/hooks";
import { ask, client } from "../../api/client";
import { VirtualGrid } from "../../components/VirtualGrid";
import { route } from "../../router";
import type { Album } from "../../state/library";
import { type LoadPart, usePages } from "../../state/pages";
import { t } from "../../texts";
import { AlbumTile } from "./AlbumTile";
import { Listing } from "./Listing";
import { type AlbumSort, albumsOf } from "./lists";
import { Toolbar } from "./Toolbar";

const SORTS: readonly AlbumSort[] = ["artist", "title", "year", "added", "tracks"];

/** The albums as a grid of covers. */
export function Albums() {
  const texts = t().library;
  const { q, sort, order, genre } = albumsOf(route.value.query, SORTS);
  const load: LoadPart<Album> = async (offset, limit, signal) => {
    const query = { q, sort, order, genre, offset, limit };
    const { albums, total } = await ask(client.GET("/v1/albums", { params: { query }, signal }));
    return { items: albums, total };
  };
  const pages = usePages(load, [q, sort, order, genre.join("\n")]);
  const onRange = useCallback((first: number, last: number) => pages?.show(first, last), [pages]);
  return (
    <>
      <Toolbar
        find={texts.findAlbum}
        q={q}
        sorts={SORTS.map((value) => ({ value, label: texts.albumSorts[value] }))}
        sort={sort}
        order={order}
      />
      <Listing pages={pages} of="tiles" icon={Disc3} count={t().counts.albums} isFiltered={Boolean(q || genre.length)}>
        {(total) => (
          <VirtualGrid
            count={total}
            label={texts.albums}
            onRange={onRange}
            renderItem={(index) => <AlbumTile key={index} album={pages?.item(index)} />}
          />
        )}
      </Listing>
    </>
  );
}
