import { toScreen } from "./geometry";
import styles from "./Map.module.css";
import { drawn, view } from "./state";

/** What the pointer draws: a lasso, or a line to the end of a path. */
export function Drawing() {
  const now = view.value;
  if (!now || drawn.value.length < 2) return null;
  const points = drawn.value.map((point) => toScreen(now, point));
  return (
    <svg class={styles.drawing} aria-hidden="true">
      <path d={`M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`} />
    </svg>
  );
}
