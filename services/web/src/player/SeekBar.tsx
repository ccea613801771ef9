import { Slider } from "../components/Slider";
import { duration, position, seek } from "../state/playback";
import { currentEntry } from "../state/queueState";
import { formatLength, t } from "../texts";
import styles from "./SeekBar.module.css";

/** The position in the track: elapsed, a slider, and what remains. A track that cannot be played has none. */
export function SeekBar() {
  const total = duration.value;
  const at = Math.min(position.value, total ?? position.value);
  const texts = t().player;
  if (currentEntry.value?.failed) return null;
  const elapsed = formatLength(at * 1000);
  return (
    <div class={styles.bar}>
      <span class={styles.time}>{elapsed}</span>
      <Slider
        label={texts.seek}
        value={at}
        max={total ?? 0}
        step={0.1}
        disabled={total === null}
        valueText={total === null ? elapsed : texts.elapsedOf(elapsed, formatLength(total * 1000))}
        onInput={seek}
      />
      <span class={styles.time}>{total === null ? "" : `−${formatLength((total - at) * 1000)}`}</span>
    </div>
  );
}
