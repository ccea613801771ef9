import { Play } from "lucide-preact";
import { Cover } from "../../components/Cover";
import { current, playing, togglePlay } from "../../state/queue";
import { t } from "../../texts";
import styles from "./Continue.module.css";

/** The queue that was there when the page was left. */
export function Continue() {
  const track = current.value;
  const texts = t().home;
  if (track === null || playing.value) return null;
  return (
    <section class={styles.continue} aria-label={texts.continue}>
      <Cover of={{ kind: "tracks", id: track.id }} size={96} />
      <div class={styles.names}>
        <p class={styles.note}>{texts.continueFrom}</p>
        <h2 class={styles.title}>{track.title}</h2>
        <p class={styles.note}>{track.artist ?? t().unknownArtist}</p>
      </div>
      <button type="button" class={styles.play} aria-label={texts.resume(track.title)} onClick={togglePlay}>
        <Play size={28} aria-hidden="true" />
      </button>
    </section>
  );
}
