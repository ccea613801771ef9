import { useState } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Names } from "../../components/Names";
import { timesStored } from "../../state/listens";
import { loadUnmatched } from "../../state/ownData";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import styles from "./NotInLibrary.module.css";

/** Recordings that are shown first, and as many as one request returns. */
const FEW = 6;
const MANY = 100;

/** What the listener heard and the library does not have, most often heard first. */
export function NotInLibrary({ user }: { user: string }) {
  const [limit, setLimit] = useState(FEW);
  const { data } = useResource((signal) => loadUnmatched(user, limit, signal), [user, limit, timesStored.value]);
  const texts = t().notInLibrary;
  if (!data?.total) return null;
  return (
    <section class={styles.section} aria-labelledby="not-in-library">
      <h2 id="not-in-library">{texts.title}</h2>
      <p class={styles.hint}>{texts.hint(data.listens, data.total)}</p>
      <ul class={styles.list}>
        {data.recordings.map((recording) => (
          <Recording key={JSON.stringify([recording.artist, recording.title, recording.names])} recording={recording} />
        ))}
      </ul>
      {limit === FEW && data.total > FEW && <Button onClick={() => setLimit(MANY)}>{texts.more}</Button>}
    </section>
  );
}

function Recording({ recording }: { recording: Schemas["UnmatchedRecording"] }) {
  const { artist, title, names, listens } = recording;
  return (
    <li class={styles.recording}>
      <Names title={title ?? names[0] ?? t().history.unknown} by={artist ?? t().unknownArtist} />
      <span class={styles.count}>{t().notInLibrary.times(listens)}</span>
    </li>
  );
}
