import type { ComponentChildren } from "preact";
import styles from "./Button.module.css";

interface Props {
  to: string;
  look?: "primary" | "secondary" | "quiet";
  icon?: ComponentChildren;
  children: ComponentChildren;
}

/** A link that looks like a button. */
export function LinkButton({ to, look = "secondary", icon, children }: Props) {
  return (
    <a href={to} class={`${styles.button} ${styles[look]}`}>
      {icon}
      <span class={styles.label}>{children}</span>
    </a>
  );
}
