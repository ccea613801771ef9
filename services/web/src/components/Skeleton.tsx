import { t } from "../texts";
import styles from "./Skeleton.module.css";

/** Placeholders while a list or a grid loads. */
export function Skeleton({ of, count }: { of: "rows" | "tiles"; count: number }) {
  return (
    <div class={of === "rows" ? styles.rows : styles.tiles} role="status" aria-label={t().loading}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <div key={index} class={styles.block} />
      ))}
    </div>
  );
}
