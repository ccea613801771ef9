import type { ComponentChildren } from "preact";
import type { Track } from "../../api/client";
import { Cover } from "../../components/Cover";
import { PlayingBars } from "../../components/PlayingBars";
import type { Sound } from "../../state/preview";
import { previewed } from "../../state/previewed";
import { t } from "../../texts";
import styles from "./Compare.module.css";
import { Excerpt } from "./Excerpt";

interface Props {
  /** What it is called: the track, A or B. */
  name: string;
  /** The key that plays it. */
  shortcut: string;
  sound: Sound;
  /** Its names; null until there is an answer. */
  shown: Track | null;
  isChosen?: boolean;
  /** Below the excerpt. */
  children: ComponentChildren;
}

/** Something to hear, without names until they are known. */
export function Card({ name, shortcut, sound, shown, isChosen = false, children }: Props) {
  return (
    <section class={`${styles.card} ${isChosen ? styles.chosen : ""}`} aria-label={name}>
      <div class={styles.picture}>
        {shown ? (
          <Cover of={{ kind: "tracks", id: shown.id }} size="fill" />
        ) : (
          <span class={styles.letter} aria-hidden="true">
            {previewed.value === sound.id ? <PlayingBars isMoving /> : name}
          </span>
        )}
      </div>
      <div class={styles.names}>
        <span class={styles.kind}>{name}</span>
        <h2 class={styles.title}>{shown ? shown.title : "?"}</h2>
        <span class={styles.by}>{shown ? (shown.artist ?? t().unknownArtist) : t().compare.hidden}</span>
      </div>
      <Excerpt sound={sound} name={name} shortcut={shortcut} />
      <div class={styles.choice}>{children}</div>
    </section>
  );
}
