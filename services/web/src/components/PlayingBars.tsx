import styles from "./PlayingBars.module.css";

/** Three bars that move while a track plays. */
export function PlayingBars({ isMoving }: { isMoving: boolean }) {
  return (
    <span class={`${styles.bars} ${isMoving ? styles.moving : ""}`} aria-hidden="true">
      <span />
      <span />
      <span />
    </span>
  );
}
