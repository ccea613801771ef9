import { TriangleAlert } from "lucide-preact";
import { t } from "../texts";
import styles from "./Failed.module.css";

/** Says that a track cannot be played. */
export function Failed() {
  return (
    <span class={styles.failed}>
      <TriangleAlert size={14} aria-hidden="true" />
      {t().queue.failed}
    </span>
  );
}
