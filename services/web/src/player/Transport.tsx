import { LoaderCircle, Pause, Play, Repeat, Repeat1, SkipBack, SkipForward } from "lucide-preact";
import { IconButton } from "../components/IconButton";
import { upcoming } from "../state/entries";
import { buffering, playing } from "../state/playback";
import { previous, skip, togglePlay } from "../state/queue";
import { currentEntry, nextRepeat, queue, radio, repeat } from "../state/queueState";
import { t } from "../texts";
import styles from "./Transport.module.css";

/** Previous, play or pause, next, and repeat. */
export function Transport({ large = false }: { large?: boolean }) {
  const texts = t().player;
  const isEmpty = currentEntry.value === null;
  const hasNext = upcoming(queue.value).length > 0 || radio.value !== null;
  const isWaiting = playing.value && buffering.value;
  const playIcon = isWaiting ? LoaderCircle : playing.value ? Pause : Play;
  return (
    <div class={`${styles.transport} ${large ? styles.large : ""}`}>
      <span class={`${styles.side} ${styles.extra}`} />
      <IconButton
        icon={SkipBack}
        label={texts.previous}
        size={large ? "lg" : "md"}
        disabled={isEmpty}
        onClick={previous}
        class={styles.extra}
      />
      <IconButton
        icon={playIcon}
        label={playing.value ? t().actions.pause : t().actions.play}
        look="primary"
        size={large ? "lg" : "md"}
        disabled={isEmpty}
        onClick={togglePlay}
        class={isWaiting ? styles.waiting : undefined}
      />
      <IconButton icon={SkipForward} label={texts.next} size={large ? "lg" : "md"} disabled={!hasNext} onClick={skip} />
      <span class={`${styles.side} ${styles.extra}`}>
        <IconButton
          icon={repeat.value === "one" ? Repeat1 : Repeat}
          label={texts.repeat[repeat.value]}
          size="sm"
          class={repeat.value === "off" ? undefined : styles.on}
          onClick={() => {
            repeat.value = nextRepeat(repeat.value);
          }}
        />
      </span>
    </div>
  );
}
