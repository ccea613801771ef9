import type { ComponentChildren, JSX } from "preact";
import styles from "./Button.module.css";

interface Props extends Omit<JSX.IntrinsicElements["button"], "icon" | "size"> {
  look?: "primary" | "secondary" | "quiet" | "danger";
  size?: "md" | "sm";
  icon?: ComponentChildren;
}

/** A button with a text, and with an icon before it. */
export function Button({ look = "secondary", size = "md", icon, children, class: more, ...rest }: Props) {
  return (
    <button type="button" {...rest} class={[styles.button, styles[look], styles[size], more].filter(Boolean).join(" ")}>
      {icon}
      <span class={styles.label}>{children}</span>
    </button>
  );
}
