import { Play } from "lucide-preact";
import type { CoverOwner } from "../state/covers";
import { t } from "../texts";
import { Cover } from "./Cover";
import { IconButton } from "./IconButton";
import styles from "./Tile.module.css";

interface Props {
  cover: CoverOwner;
  round?: boolean;
  title: string;
  note: string;
  href: string;
  onPlay: () => void;
}

/** An album or an artist in a grid: its cover, which leads to its page, and a button that plays it. */
export function Tile({ cover, round = false, title, note, href, onPlay }: Props) {
  return (
    <div class={styles.tile}>
      <a class={styles.link} href={href}>
        <Cover of={cover} size="fill" round={round} />
        <span class={`${styles.title} ${round ? styles.centred : ""}`} title={title}>
          {title}
        </span>
        <span class={`${styles.note} ${round ? styles.centred : ""}`} title={note}>
          {note}
        </span>
      </a>
      <IconButton
        icon={Play}
        label={t().actions.playTitle(title)}
        look="primary"
        class={styles.play}
        onClick={onPlay}
      />
    </div>
  );
}

/** A tile that is not loaded yet. */
export function TilePlaceholder({ round = false }: { round?: boolean }) {
  return (
    <div class={styles.tile} aria-hidden="true">
      <div class={`${styles.blank} ${round ? styles.round : ""}`} />
    </div>
  );
}
