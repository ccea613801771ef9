import { Check } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Cover } from "../../components/Cover";
import { Field } from "../../components/Field";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import styles from "./ArtistChoice.module.css";

const SHOWN = 24;
/** Milliseconds without a key press after which the search runs. */
const PAUSE = 250;

interface Props {
  /** Names. */
  chosen: readonly string[];
  onToggle: (name: string) => void;
}

/** Artists of the library to choose from, those with the most tracks first, or those that match a search. */
export function ArtistChoice({ chosen, onToggle }: Props) {
  const [text, setText] = useState("");
  const [q, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(text.trim()), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, reload } = useResource(
    (signal) =>
      ask(client.GET("/v1/artists", { params: { query: { q, sort: "tracks", order: "desc", limit: SHOWN } }, signal })),
    [q],
  );
  const texts = t().firstVisit;
  return (
    <section class={styles.artists} aria-labelledby="choose-artists">
      <header class={styles.header}>
        <h2 id="choose-artists">{texts.artists}</h2>
        <div class={styles.search}>
          <Field
            label={texts.searchArtists}
            isLabelHidden
            type="search"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
          />
        </div>
      </header>
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="tiles" count={12} />}
      {data && !data.artists.length && <p class={styles.none}>{texts.noArtists}</p>}
      <ul class={styles.grid}>
        {data?.artists.map(({ id, name, tracks }) => (
          <li key={id}>
            <button
              type="button"
              class={styles.artist}
              aria-pressed={chosen.includes(name)}
              onClick={() => onToggle(name)}
            >
              <span class={styles.cover}>
                <Cover of={{ kind: "artists", id }} size="fill" round />
                <span class={styles.check}>
                  <Check size={24} aria-hidden="true" />
                </span>
              </span>
              <span class={styles.name}>{name}</span>
              <span class={styles.note}>{t().counts.tracks(tracks)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
