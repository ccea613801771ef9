import styles from "./Names.module.css";

/** A title, and who it is by or what is known of it, in two lines that are cut where they are too long. */
export function Names({ title, by }: { title: string; by: string }) {
  return (
    <span class={styles.names}>
      <span class={styles.title}>{title}</span>
      <span class={styles.by}>{by}</span>
    </span>
  );
}
