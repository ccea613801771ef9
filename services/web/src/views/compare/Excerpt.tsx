import { Play, Square } from "lucide-preact";
import { IconButton } from "../../components/IconButton";
import { toggleExcerpt } from "../../state/comparison";
import { previewShare, type Sound } from "../../state/preview";
import { previewed } from "../../state/previewed";
import { t } from "../../texts";
import styles from "./Compare.module.css";

/** A button that plays an excerpt, and how much of it was heard. */
export function Excerpt({ sound, name, shortcut }: { sound: Sound; name: string; shortcut: string }) {
  const texts = t().compare;
  const isPlaying = previewed.value === sound.id;
  return (
    <div class={styles.excerpt}>
      <IconButton
        icon={isPlaying ? Square : Play}
        look="primary"
        size="lg"
        label={isPlaying ? texts.stop(name) : t().actions.playTitle(name)}
        aria-keyshortcuts={shortcut}
        onClick={() => toggleExcerpt(sound)}
      />
      <span class={styles.bar} aria-hidden="true">
        <span style={{ width: `${isPlaying ? previewShare.value * 100 : 0}%` }} />
      </span>
      <span class={styles.key} aria-hidden="true">
        {shortcut}
      </span>
    </div>
  );
}
