import { ListMusic, X } from "lucide-preact";
import { IconButton } from "../components/IconButton";
import { Message } from "../components/Message";
import { toggleQueue } from "../state/queuePanel";
import { currentEntry } from "../state/queueState";
import { t } from "../texts";
import { QueueList } from "./QueueList";
import styles from "./QueuePanel.module.css";

/** The queue beside the view, on wide screens. */
export function QueuePanel() {
  const texts = t().player;
  return (
    <aside class={styles.panel} aria-label={texts.queue}>
      <header class={styles.header}>
        <h2>{texts.queue}</h2>
        <IconButton icon={X} label={t().actions.close} size="sm" onClick={toggleQueue} />
      </header>
      <div class={styles.content}>
        {currentEntry.value ? (
          <QueueList withNow />
        ) : (
          <Message icon={ListMusic} title={texts.idle}>
            {t().queue.emptyHint}
          </Message>
        )}
      </div>
    </aside>
  );
}
