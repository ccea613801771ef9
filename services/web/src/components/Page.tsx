import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { ListenerMenu } from "./ListenerMenu";
import styles from "./Page.module.css";

interface Props {
  title: string;
  /** Controls beside the title. */
  actions?: ComponentChildren;
  /** Replaces the line with the title: a `Hero`. */
  hero?: ComponentChildren;
  children: ComponentChildren;
}

/** A view with its title, which becomes the title of the browser's tab. */
export function Page({ title, actions, hero, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Segue`;
  }, [title]);
  return (
    <div class={styles.page}>
      {hero ?? (
        <header class={styles.header}>
          <h1>{title}</h1>
          <span class={styles.narrowOnly}>
            <ListenerMenu />
          </span>
          {actions && <div class={styles.actions}>{actions}</div>}
        </header>
      )}
      {children}
    </div>
  );
}
