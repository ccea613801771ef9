import { Cover } from "../../components/Cover";
import { Names } from "../../components/Names";
import { href } from "../../router";
import type { CoverOwner } from "../../state/covers";
import { t } from "../../texts";
import styles from "./PlaceTiles.module.css";
import type { Places } from "./question";

/** Artists and albums that the text names, as links. */
export function PlaceTiles({ places: { artists, albums } }: { places: Places }) {
  const texts = t().search;
  if (!artists.length && !albums.length) return null;
  return (
    <section class={styles.places} aria-labelledby="search-places">
      <h2 id="search-places">{texts.places}</h2>
      <ul class={styles.tiles}>
        {artists.map(({ id, name, albums: count }) => (
          <Tile
            key={id}
            to={href(["artist", id])}
            of={{ kind: "artists", id }}
            name={name}
            note={texts.artistOf(t().counts.albums(count))}
          />
        ))}
        {albums.map(({ id, title, artist }) => (
          <Tile
            key={id}
            to={href(["album", id])}
            of={{ kind: "albums", id }}
            name={title}
            note={texts.albumOf(artist ?? t().unknownArtist)}
          />
        ))}
      </ul>
    </section>
  );
}

function Tile({ to, of, name, note }: { to: string; of: CoverOwner; name: string; note: string }) {
  return (
    <li>
      <a class={styles.tile} href={to}>
        <Cover of={of} size={56} round={of.kind === "artists"} />
        <Names title={name} by={note} />
      </a>
    </li>
  );
}
