import { AudioLines, ImageUp } from "lucide-preact";
import { ErrorMessage } from "../../components/Message";
import { MoodTiles } from "../../components/MoodTiles";
import { Skeleton } from "../../components/Skeleton";
import { href, navigate } from "../../router";
import { loadMoods } from "../../state/moods";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import { FileButton } from "./FileButton";
import styles from "./Start.module.css";

/** What the search offers before a question: moods, examples of sentences, and files. */
export function Start({ onFile }: { onFile: (file: File) => void }) {
  const moods = useResource(loadMoods, []);
  const texts = t().search;
  return (
    <>
      <section class={styles.section} aria-labelledby="search-examples">
        <h2 id="search-examples">{texts.examplesTitle}</h2>
        <ul class={styles.examples}>
          {texts.examples.map((example) => (
            <li key={example}>
              <a class={styles.example} href={href(["search"], { q: example })}>
                {example}
              </a>
            </li>
          ))}
        </ul>
      </section>
      <section class={styles.section} aria-labelledby="search-moods">
        <h2 id="search-moods">{texts.moods}</h2>
        {moods.error && <ErrorMessage error={moods.error} onRetry={moods.reload} />}
        {moods.isLoading && !moods.data && <Skeleton of="rows" count={3} />}
        {moods.data && <MoodTiles moods={moods.data} onClick={({ id }) => navigate(href(["search"], { mood: id }))} />}
      </section>
      <section class={styles.drop} aria-labelledby="search-drop">
        <div>
          <h2 id="search-drop">{texts.dropTitle}</h2>
          <p>{texts.dropText}</p>
        </div>
        <div class={styles.choose}>
          <FileButton isLabelled icon={ImageUp} label={texts.choosePicture} accept="image/*" onFile={onFile} />
          <FileButton isLabelled icon={AudioLines} label={texts.chooseSound} accept="audio/*" onFile={onFile} />
        </div>
      </section>
    </>
  );
}
