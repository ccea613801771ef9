import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import styles from "./Section.module.css";

interface Props {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
  /** Takes half of the width where there is room. */
  isHalf?: boolean;
}

/** A part of the view with a heading. */
export function Section({ title, actions, children, isHalf }: Props) {
  const id = useId();
  return (
    <section class={`${styles.section} ${isHalf ? styles.half : ""}`} aria-labelledby={id}>
      <header class={styles.header}>
        <h2 id={id}>{title}</h2>
        {actions && <div class={styles.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}
