import { Tile, TilePlaceholder } from "../../components/Tile";
import { href } from "../../router";
import { type Album, playAlbum } from "../../state/library";
import { t } from "../../texts";

/** An album of a grid; a placeholder until it is loaded. */
export function AlbumTile({ album, note }: { album: Album | undefined; note?: string }) {
  if (!album) return <TilePlaceholder />;
  const by = [album.artist ?? t().unknownArtist, album.year].filter(Boolean).join(" · ");
  return (
    <Tile
      cover={{ kind: "albums", id: album.id }}
      title={album.title}
      note={note ?? by}
      href={href(["album", album.id])}
      onPlay={() => void playAlbum(album.id)}
    />
  );
}
