import { Radio } from "lucide-preact";
import { Mosaic } from "../../components/Mosaic";
import { Shelf } from "../../components/Shelf";
import { playTaste } from "../../state/home";
import { startRadio } from "../../state/queue";
import { useSteady } from "../../state/steady";
import { inWords, type OwnTaste } from "../../state/taste";
import { sayError } from "../../state/toasts";
import { t } from "../../texts";
import styles from "./TasteTiles.module.css";

/** A radio of everything, and one of each taste. */
export function TasteTiles({ tastes: latest }: { tastes: readonly OwnTaste[] }) {
  const { shown: tastes, onPoint } = useSteady(latest);
  const texts = t().home;
  const everything = tastes.flatMap((taste) => taste.tracks.slice(0, 2).map((track) => track.id));
  return (
    <Shelf title={texts.tastes} note={texts.tastesNote} onPoint={onPoint}>
      <Tile
        label={texts.everything}
        covers={everything}
        onClick={() => startRadio({ label: texts.everything }).catch(sayError)}
      />
      {tastes.map((taste) => (
        <Tile
          key={taste.id}
          label={inWords(taste.label)}
          covers={taste.tracks.map((track) => track.id)}
          onClick={() => playTaste(taste)}
        />
      ))}
    </Shelf>
  );
}

function Tile({ label, covers, onClick }: { label: string; covers: readonly string[]; onClick: () => void }) {
  return (
    <li>
      <button type="button" class={styles.tile} aria-label={t().home.startRadio(label)} onClick={onClick}>
        <span class={styles.cover}>
          <Mosaic tracks={covers} />
          <span class={styles.radio}>
            <Radio size={20} aria-hidden="true" />
          </span>
        </span>
        <span class={styles.label}>{label}</span>
      </button>
    </li>
  );
}
