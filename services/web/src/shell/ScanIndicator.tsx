import { href } from "../router";
import { status, workDone } from "../state/service";
import { t } from "../texts";
import styles from "./ScanIndicator.module.css";

/** How far scans and analyses are, while there are any. It leads to the view of the service. */
export function ScanIndicator() {
  const done = workDone.value;
  const analysis = status.value?.analysis;
  if (done === null || !analysis) return null;
  const texts = t().service;
  return (
    <a class={styles.indicator} href={href(["service"])}>
      <span class={styles.text}>{analysis.paused ? texts.analysis.paused : texts.indicator(analysis.waiting)}</span>
      <progress class={styles.bar} value={done} aria-label={texts.analysis.title} />
    </a>
  );
}
