import { Button } from "../../components/Button";
import { Cover } from "../../components/Cover";
import { Names } from "../../components/Names";
import { inWords, restoreTrack, type Tastes, undoDismissal } from "../../state/taste";
import { formatAgo, t } from "../../texts";
import styles from "./TakenOut.module.css";

/** Dismissed tastes and removed tracks, each with a button that lets it count again. */
export function TakenOut({ user, found, onChange }: { user: string; found: Tastes; onChange: () => void }) {
  const texts = t().taste;
  if (!found.dismissed.length && !found.removed.length) return null;
  return (
    <section class={styles.section} aria-labelledby="taken-out">
      <h2 id="taken-out">{texts.takenOut}</h2>
      <ul class={styles.list}>
        {found.dismissed.map((taste) => (
          <li key={taste.id} class={styles.entry}>
            <Cover of={{ kind: "tracks", id: taste.plays[0] ?? "" }} size={40} />
            <Names title={inWords(taste.label)} by={texts.dismissedAt(formatAgo(new Date(taste.at)))} />
            <Button
              size="sm"
              aria-label={texts.undoLabel(inWords(taste.label))}
              onClick={() => undoDismissal(user, taste, onChange)}
            >
              {t().actions.undo}
            </Button>
          </li>
        ))}
        {found.removed.map(({ track, at }) => (
          <li key={track.id} class={styles.entry}>
            <Cover of={{ kind: "tracks", id: track.id }} size={40} />
            <Names title={track.title} by={texts.removedAt(formatAgo(new Date(at)))} />
            <Button
              size="sm"
              aria-label={texts.undoLabel(track.title)}
              onClick={() => restoreTrack(user, track, onChange)}
            >
              {t().actions.undo}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
