import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import styles from "./Page.module.css";

interface Props {
  title: string;
  /** Controls beside the title. */
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** A view with its title, which becomes the title of the browser's tab. */
export function Page({ title, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Segue`;
  }, [title]);
  return (
    <div class={styles.page}>
      <header class={styles.header}>
        <h1>{title}</h1>
        {actions && <div class={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
