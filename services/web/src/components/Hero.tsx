import type { ComponentChildren } from "preact";
import styles from "./Hero.module.css";

interface Props {
  title: string;
  /** What it is, above the title. */
  kind: ComponentChildren;
  picture: ComponentChildren;
  /** Facts below the title. */
  children?: ComponentChildren;
  actions: ComponentChildren;
}

/** The head of a page about one thing, such as a playlist: its picture, its title, facts and actions. */
export function Hero({ title, kind, picture, children, actions }: Props) {
  return (
    <header class={styles.hero}>
      <div class={styles.picture}>{picture}</div>
      <div class={styles.about}>
        <p class={styles.kind}>{kind}</p>
        <h1 class={styles.title}>{title}</h1>
        {children}
      </div>
      <div class={styles.actions}>{actions}</div>
    </header>
  );
}
