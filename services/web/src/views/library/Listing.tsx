import type { LucideIcon } from "lucide-preact";
import { SearchX } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { Button } from "../../components/Button";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { href } from "../../router";
import type { Pages } from "../../state/pages";
import { t } from "../../texts";
import styles from "./Library.module.css";

interface Props<T> {
  pages: Pages<T> | null;
  of: "rows" | "tiles";
  icon: LucideIcon;
  /** How many there are, in words. */
  count: (total: number) => string;
  /** Whether conditions may be why nothing is found. */
  isFiltered: boolean;
  /** Controls for the whole list. */
  actions?: ComponentChildren;
  children: (total: number) => ComponentChildren;
}

/** A long list with its loading, empty and error states. */
export function Listing<T>({ pages, of, icon, count, isFiltered, actions, children }: Props<T>) {
  const texts = t().library;
  if (!pages) return <Skeleton of={of} count={of === "rows" ? 12 : 18} />;
  const total = pages.total.value;
  const error = pages.error.value;
  if (error && total === null) return <ErrorMessage error={error} onRetry={() => pages.retry()} />;
  if (total === null) return <Skeleton of={of} count={of === "rows" ? 12 : 18} />;
  if (total === 0 && isFiltered)
    return (
      <Message icon={SearchX} title={texts.nothing}>
        {texts.nothingHint}
      </Message>
    );
  if (total === 0) {
    return (
      <Message icon={icon} title={texts.empty} actions={<a href={href(["service"])}>{texts.emptyAction}</a>}>
        {texts.emptyHint}
      </Message>
    );
  }
  return (
    <div class={styles.section}>
      <div class={styles.toolbar}>
        <span class={styles.total} role="status">
          {count(total)}
        </span>
        {actions}
      </div>
      {error && (
        <div class={styles.problem} role="alert">
          {error.message}
          <Button size="sm" onClick={() => pages.retry()}>
            {t().actions.retry}
          </Button>
        </div>
      )}
      {children(total)}
    </div>
  );
}
