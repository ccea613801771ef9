import { Tags } from "lucide-preact";
import { ask, client, type Schemas } from "../../api/client";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { href } from "../../router";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import styles from "./Library.module.css";

type Genre = Schemas["GenreSource"];

/** The genres that files name, and what is heard in the music. Each leads to its songs. */
export function Genres() {
  const texts = t().library;
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/genres", { signal })), []);
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="tiles" count={12} />;
  const of = (source: Genre["source"]) => data.genres.filter((genre) => genre.source === source);
  if (!data.genres.length) {
    return (
      <Message icon={Tags} title={texts.noGenres} actions={<a href={href(["service"])}>{texts.emptyAction}</a>}>
        {texts.noGenresHint}
      </Message>
    );
  }
  return (
    <>
      <Section title={texts.fileGenres} hint={texts.fileGenresHint} genres={of("file")} parameter="genre" />
      <Section title={texts.heard} hint={texts.heardHint} genres={of("heard")} parameter="tags" />
    </>
  );
}

interface SectionProps {
  title: string;
  hint: string;
  genres: readonly Genre[];
  parameter: "genre" | "tags";
}

function Section({ title, hint, genres, parameter }: SectionProps) {
  if (!genres.length) return null;
  return (
    <section class={styles.section} aria-label={title}>
      <h2>{title}</h2>
      <p>{hint}</p>
      <ul class={styles.genres}>
        {genres.map(({ name, tracks }) => (
          <li key={name}>
            <a class={styles.genre} href={href(["library", "songs"], { [parameter]: name })}>
              <span>{name}</span>
              <small>{t().counts.tracks(tracks)}</small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
