import { t } from "../texts";
import styles from "./Match.module.css";

/** Cosine similarities at which the next of five steps begins. */
const STEPS = [0.2, 0.4, 0.6, 0.8];

/** How similar two tracks feel, 1 to 5. */
export const matchStep = (score: number): number => 1 + STEPS.filter((step) => score >= step).length;

/** Similarity in five steps, with its words for screen readers and as a tooltip. */
export function Match({ score }: { score: number }) {
  const step = matchStep(score);
  const words = t().match[step - 1];
  return (
    <span class={styles.match} role="img" aria-label={words} title={words}>
      {[1, 2, 3, 4, 5].map((each) => (
        <span key={each} class={each <= step ? styles.on : styles.off} />
      ))}
    </span>
  );
}
