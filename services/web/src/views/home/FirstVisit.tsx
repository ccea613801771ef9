import { Play } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { ErrorMessage } from "../../components/Message";
import { MoodTiles } from "../../components/MoodTiles";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { startSkipped } from "../../state/home";
import { chooseListener } from "../../state/listener";
import { loadMoods, type MoodId } from "../../state/moods";
import { startRadio } from "../../state/queue";
import { useResource } from "../../state/resource";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";
import { ArtistChoice } from "./ArtistChoice";
import styles from "./FirstVisit.module.css";

/** The service takes as many. */
const MOODS_MAX = 5;
const ARTISTS_MAX = 20;

interface Props {
  /** Null: the listener gets a name here. */
  user: string | null;
  isAgain: boolean;
  onDone: () => void;
}

/** A listener without a history chooses moods and artists; then music plays. */
export function FirstVisit({ user, isAgain, onDone }: Props) {
  const [name, setName] = useState(t().firstVisit.defaultName);
  const [moods, setMoods] = useState<MoodId[]>([]);
  const [artists, setArtists] = useState<string[]>([]);
  const [isSending, setSending] = useState(false);
  const presets = useResource(() => loadMoods(), []);
  const texts = t().firstVisit;
  const chosen = moods.length + artists.length;
  const who = user ?? name.trim();
  const start = async () => {
    setSending(true);
    try {
      const body = { moods, artists, limit: 1 };
      await ask(client.POST("/v1/users/{user}/start", { params: { path: { user: who } }, body }));
      chooseListener(who);
      await startRadio({ label: texts.from });
      onDone();
    } catch (error) {
      sayError(error);
      setSending(false);
    }
  };
  const skip = () => {
    if (who) chooseListener(who);
    startSkipped.value = who;
    startRadio({ label: texts.everything }).catch(sayError);
  };
  return (
    <Page title={isAgain ? texts.again : texts.title}>
      <form
        class={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p class={styles.hint}>{texts.hint}</p>
        {user === null && (
          <div class={styles.name}>
            <Field
              label={texts.name}
              hint={texts.nameHint}
              required
              maxLength={200}
              pattern="[^\/]+"
              title={t().listener.rule}
              autoComplete="nickname"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </div>
        )}
        <section class={styles.part} aria-labelledby="choose-moods">
          <header class={styles.header}>
            <h2 id="choose-moods">{texts.moods}</h2>
            {moods.length > 0 && <span class={styles.note}>{texts.moodsNote(MOODS_MAX - moods.length)}</span>}
          </header>
          {presets.error && <ErrorMessage error={presets.error} onRetry={presets.reload} />}
          {!presets.data && !presets.error && <Skeleton of="rows" count={3} />}
          {presets.data && (
            <MoodTiles
              moods={presets.data}
              chosen={moods}
              onClick={({ id }) => setMoods(toggled(moods, id, MOODS_MAX))}
            />
          )}
        </section>
        <ArtistChoice chosen={artists} onToggle={(artist) => setArtists(toggled(artists, artist, ARTISTS_MAX))} />
        <footer class={styles.footer}>
          <Button
            look="primary"
            type="submit"
            icon={<Play size={18} aria-hidden="true" />}
            disabled={!chosen || !who || isSending}
          >
            {texts.start}
          </Button>
          <span class={styles.note} aria-live="polite">
            {texts.chosen(chosen)}
          </span>
          <Button look="quiet" onClick={skip}>
            {texts.skip}
          </Button>
        </footer>
      </form>
    </Page>
  );
}

/** Return the list without an item that it has, or else with it, as long as there is room. */
export function toggled<T>(list: readonly T[], item: T, maximum: number): T[] {
  if (list.includes(item)) return list.filter((each) => each !== item);
  return list.length < maximum ? [...list, item] : [...list];
}
