import { t } from "../texts";
import styles from "./Match.module.css";

/** What a track is compared with. */
export type MatchWith = "track" | "words";

/** Cosine similarities at which the next of five steps begins. Those to words and pictures are lower: see docs/page.md. */
const STEPS: Record<MatchWith, readonly number[]> = {
  track: [0.2, 0.4, 0.6, 0.8],
  words: [0.05, 0.15, 0.25, 0.35],
};

/** How well a track fits, 1 to 5. */
const matchStep = (score: number, to: MatchWith): number => 1 + STEPS[to].filter((step) => score >= step).length;

/** Similarity in five steps, with its words for screen readers and as a tooltip. */
export function Match({ score, to }: { score: number; to: MatchWith }) {
  const step = matchStep(score, to);
  const words = t().match[to][step - 1];
  return (
    <span class={styles.match} role="img" aria-label={words} title={words}>
      {[1, 2, 3, 4, 5].map((each) => (
        <span key={each} class={each <= step ? styles.on : styles.off} />
      ))}
    </span>
  );
}
