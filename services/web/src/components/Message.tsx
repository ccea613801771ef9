import type { LucideIcon } from "lucide-preact";
import { CircleAlert } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Button } from "./Button";
import styles from "./Message.module.css";

interface Props {
  icon: LucideIcon;
  title: string;
  children?: ComponentChildren;
  /** Buttons. */
  actions?: ComponentChildren;
}

/** The content of a view that has nothing else to show: why, and what to do. */
export function Message({ icon: Icon, title, children, actions }: Props) {
  return (
    <div class={styles.message} role="status">
      <Icon size={40} strokeWidth={1.5} aria-hidden="true" class={styles.icon} />
      <h2>{title}</h2>
      {children && <p class={styles.text}>{children}</p>}
      {actions && <div class={styles.actions}>{actions}</div>}
    </div>
  );
}

/** What went wrong while a view loaded, with a way to repeat it. */
export function ErrorMessage({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <Message
      icon={CircleAlert}
      title={t().errors.loading}
      actions={<Button onClick={onRetry}>{t().actions.retry}</Button>}
    >
      {error.message}
    </Message>
  );
}
