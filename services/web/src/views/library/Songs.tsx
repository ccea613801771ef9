import { ListEnd, Music, Play, SlidersHorizontal } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Track } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { Dialog } from "../../components/Dialog";
import { route, setQuery } from "../../router";
import { type LoadPart, usePages } from "../../state/pages";
import { addToQueue, playNow } from "../../state/queue";
import { useWidth } from "../../state/view";
import { t } from "../../texts";
import { Listing } from "./Listing";
import { SongFilters } from "./SongFilters";
import { SongList } from "./SongList";
import styles from "./Songs.module.css";
import { conditionsOf, rangeChange, readSongs, requestFor, SORTS, sortName, withoutConditions } from "./songs";
import { Toolbar } from "./Toolbar";

/** From this width of the view on, the filters are beside the list. */
const BESIDE_PIXELS = 960;
/** Tracks that a click on “Play” puts into the queue. */
const PLAYED = 100;

/** All songs: found by name, filtered and sorted by everything that is known of them. */
export function Songs() {
  const texts = t().library;
  const songs = readSongs(route.value.query);
  const address = route.value.query.toString();
  const load: LoadPart<Track> = async (offset, limit, signal) => {
    const query = requestFor(songs, offset, limit);
    const { tracks, total } = await ask(client.GET("/v1/tracks", { params: { query }, signal }));
    return { items: tracks, total };
  };
  const pages = usePages(load, [address]);
  const { element, width } = useWidth<HTMLDivElement>();
  const [isOpen, setOpen] = useState(false);
  const conditions = conditionsOf(songs);
  const isBeside = isOpen && width >= BESIDE_PIXELS;
  const filters = (
    <SongFilters
      chosen={songs}
      onNames={(field, names) => setQuery({ [field]: names })}
      onRange={(field, range) => setQuery(rangeChange(field, range))}
    />
  );
  const label = conditions.length ? texts.filtersCount(conditions.length) : texts.filters;
  return (
    <div ref={element} class={styles.songs}>
      <Toolbar
        find={texts.findSong}
        q={songs.q}
        sorts={SORTS.map((value) => ({ value, label: sortName(value, texts.sorts) }))}
        sort={songs.sort}
        order={songs.order}
      >
        <Button
          icon={<SlidersHorizontal size={16} aria-hidden="true" />}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {label}
        </Button>
      </Toolbar>
      {conditions.length > 0 && (
        <div class={styles.conditions}>
          {conditions.map(({ text, without }) => (
            <Chip key={text} onRemove={() => setQuery(without)} removeLabel={texts.removeFilter(text)}>
              {text}
            </Chip>
          ))}
          <Button look="quiet" size="sm" onClick={() => setQuery(withoutConditions(songs))}>
            {texts.removeFilters}
          </Button>
        </div>
      )}
      <div class={isBeside ? styles.beside : styles.alone}>
        <Listing
          pages={pages}
          of="rows"
          icon={Music}
          count={t().counts.tracks}
          isFiltered={Boolean(songs.q || conditions.length)}
          actions={
            <>
              <Button
                size="sm"
                look="primary"
                icon={<Play size={16} aria-hidden="true" />}
                onClick={() => playNow(pages?.from(0, PLAYED) ?? [], { from: texts.songs })}
              >
                {t().actions.play}
              </Button>
              <Button
                size="sm"
                icon={<ListEnd size={16} aria-hidden="true" />}
                onClick={() => addToQueue(pages?.from(0, PLAYED) ?? [])}
              >
                {t().trackMenu.addToQueue}
              </Button>
            </>
          }
        >
          {(total) => pages && <SongList pages={pages} total={total} songs={songs} />}
        </Listing>
        {isBeside && (
          <aside class={styles.panel} aria-label={texts.filters}>
            {filters}
          </aside>
        )}
      </div>
      {isOpen && !isBeside && width > 0 && (
        <Dialog
          title={texts.filters}
          onClose={() => setOpen(false)}
          footer={
            <Button look="primary" onClick={() => setOpen(false)}>
              {texts.showSongs}
            </Button>
          }
        >
          {filters}
        </Dialog>
      )}
    </div>
  );
}
