import { Tags } from "lucide-preact";
import type { ComponentChild } from "preact";
import { ask, client } from "../../api/client";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { href } from "../../router";
import { useResource } from "../../state/resource";
import { inWords } from "../../state/taste";
import { t } from "../../texts";
import { groupHeard, type Heard } from "./heardWords";
import styles from "./Library.module.css";

/** The genres that files name, and what is heard in the music. Each leads to its songs. */
export function Genres() {
  const texts = t().library;
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/genres", { signal })), []);
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="tiles" count={12} />;
  const files = data.genres.filter(({ source }) => source === "file");
  const { styles: heardStyles, sounds } = groupHeard(data.genres.filter(({ source }) => source === "heard"));
  if (!data.genres.length) {
    return (
      <Message icon={Tags} title={texts.noGenres} actions={<a href={href(["service"])}>{texts.emptyAction}</a>}>
        {texts.noGenresHint}
      </Message>
    );
  }
  return (
    <>
      <Section title={texts.fileGenres} hint={texts.fileGenresHint}>
        {files.map(({ name, tracks }) => (
          <Genre key={name} name={name} count={t().counts.tracks(tracks)} query={{ genre: name }} />
        ))}
      </Section>
      <Section title={texts.heard} hint={texts.heardHint}>
        {heardStyles.map(heardGenre)}
      </Section>
      <Section title={texts.sounds} hint={texts.soundsHint}>
        {sounds.map(heardGenre)}
      </Section>
    </>
  );
}

function heardGenre({ name, words, tracks }: Heard) {
  const count = t().counts.tracks(tracks);
  const text = words.length > 1 ? t().library.orMore(count) : count;
  return <Genre key={name} name={inWords(name)} count={text} query={{ tags: words }} />;
}

interface SectionProps {
  title: string;
  hint: string;
  children: ComponentChild[];
}

function Section({ title, hint, children }: SectionProps) {
  if (!children.length) return null;
  return (
    <section class={styles.section} aria-label={title}>
      <h2>{title}</h2>
      <p>{hint}</p>
      <ul class={styles.genres}>{children}</ul>
    </section>
  );
}

interface GenreProps {
  name: string;
  count: string;
  query: { genre: string } | { tags: string[] };
}

function Genre({ name, count, query }: GenreProps) {
  return (
    <li>
      <a class={styles.genre} href={href(["library", "songs"], query)}>
        <span>{name}</span>
        <small>{count}</small>
      </a>
    </li>
  );
}
