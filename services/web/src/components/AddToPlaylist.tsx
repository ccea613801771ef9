import { ListPlus, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { href, navigate } from "../router";
import { listener } from "../state/listener";
import { adding, addTracks, createPlaylist, listPlaylists, type Playlist } from "../state/playlists";
import { useResource } from "../state/resource";
import { say, sayError } from "../state/toasts";
import { t } from "../texts";
import styles from "./AddToPlaylist.module.css";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { ErrorMessage } from "./Message";
import { Mosaic } from "./Mosaic";
import { Names } from "./Names";
import { Skeleton } from "./Skeleton";

/** The dialog that adds tracks to a playlist, while `adding` has some. */
export function AddToPlaylist() {
  return adding.value && <AddDialog tracks={adding.value.tracks} suggestion={adding.value.name} />;
}

type Adding = NonNullable<(typeof adding)["value"]>;

function AddDialog({ tracks, suggestion }: { tracks: Adding["tracks"]; suggestion: string }) {
  const texts = t().playlists;
  const [name, setName] = useState(suggestion);
  const [filter, setFilter] = useState("");
  const owner = listener.value;
  const { data, error, isLoading, reload } = useResource((cancelled) => listPlaylists(cancelled, owner), [owner]);
  const ordinary = data?.filter((each) => !each.smart) ?? [];
  const shown = ordinary.filter((each) => each.name.toLowerCase().includes(filter.toLowerCase()));
  const close = () => {
    adding.value = null;
  };
  const finish = (pending: Promise<Playlist>) => {
    close();
    pending.then(({ id, name: of }) => {
      const show = { label: texts.show, run: () => navigate(href(["playlist", id])) };
      say(texts.addedTo(t().counts.tracks(tracks.length), of), { action: show });
    }, sayError);
  };
  return (
    <Dialog title={texts.add} onClose={close}>
      <p class={styles.what}>
        {tracks.length === 1
          ? `${tracks[0]?.title} · ${tracks[0]?.artist ?? t().unknownArtist}`
          : t().counts.tracks(tracks.length)}
      </p>
      <form
        class={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) finish(createPlaylist({ name: name.trim(), tracks: tracks.map((track) => track.id) }));
        }}
      >
        <Field
          label={texts.newName}
          value={name}
          maxLength={200}
          autocomplete="off"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" look="primary" icon={<Plus size={18} aria-hidden="true" />} disabled={!name.trim()}>
          {texts.create}
        </Button>
      </form>
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {isLoading && !data && <Skeleton of="rows" count={4} />}
      {ordinary.length > 8 && (
        <Field
          label={texts.find}
          type="search"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      )}
      {shown.length > 0 && (
        <ul class={styles.list} aria-label={texts.existing}>
          {shown.map((each) => (
            <li key={each.id}>
              <button type="button" class={styles.choice} onClick={() => finish(addTracks(each.id, tracks))}>
                <span class={styles.picture}>
                  <Mosaic tracks={each.cover_tracks} />
                </span>
                <Names title={each.name} by={t().counts.tracks(each.tracks)} />
                <ListPlus size={18} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
