import { Radio, ThumbsDown } from "lucide-preact";
import { useId, useState } from "preact/hooks";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { playTaste } from "../../state/home";
import { dismissTaste, inWords, type OwnTaste } from "../../state/taste";
import { formatNumber, t } from "../../texts";
import { Suggestions } from "./Suggestions";
import styles from "./TasteCard.module.css";
import { TasteTrack } from "./TasteTrack";

/** Tracks that are shown before the rest is asked for. */
const SHOWN = 4;

interface Props {
  user: string;
  taste: OwnTaste;
  /** Recommended tracks of this taste. */
  leadsTo: readonly Track[];
  onChange: () => void;
}

/** One taste: its kind in words, its share, the tracks behind it and what it leads to. */
export function TasteCard({ user, taste, leadsTo, onChange }: Props) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const texts = t().taste;
  const label = inWords(taste.label);
  const shown = isOpen ? taste.tracks : taste.tracks.slice(0, SHOWN);
  return (
    <article class={styles.card} aria-labelledby={id}>
      <header class={styles.header}>
        <h2 id={id}>{label}</h2>
        <span class={styles.share}>{formatNumber(taste.weight, { style: "percent" })}</span>
      </header>
      <div class={styles.bar} role="img" aria-label={texts.share(formatNumber(taste.weight, { style: "percent" }))}>
        <span style={{ inlineSize: `${100 * taste.weight}%` }} />
      </div>
      <div class={styles.actions}>
        <Button look="primary" size="sm" icon={<Radio size={16} aria-hidden="true" />} onClick={() => playTaste(taste)}>
          {texts.play}
        </Button>
        <Button
          look="quiet"
          size="sm"
          icon={<ThumbsDown size={16} aria-hidden="true" />}
          aria-label={texts.dismissLabel(label)}
          onClick={() => dismissTaste(user, taste, onChange)}
        >
          {texts.dismiss}
        </Button>
      </div>
      <div class={styles.behind}>
        <h3>{texts.because}</h3>
        <ul class={styles.tracks}>
          {shown.map((track) => (
            <TasteTrack key={track.id} user={user} track={track} onChange={onChange} />
          ))}
        </ul>
        {taste.tracks.length > SHOWN && (
          <Button look="quiet" size="sm" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? texts.fewer : texts.all(taste.tracks.length)}
          </Button>
        )}
      </div>
      <Suggestions tracks={leadsTo} from={label} />
    </article>
  );
}
