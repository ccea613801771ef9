import { Lock, UserRound } from "lucide-preact";
import { me } from "../state/listener";
import { t } from "../texts";
import { ListenerList } from "./ListenerList";
import { Message } from "./Message";
import styles from "./Nobody.module.css";

/** The content of a view about a listener before there is one. */
export function Nobody() {
  const texts = t().listener;
  if (me.value && !me.value.scopes.includes("listen")) {
    return (
      <Message icon={Lock} title={texts.noScope}>
        {texts.noScopeHint}
      </Message>
    );
  }
  return (
    <section class={styles.nobody}>
      <h2>
        <UserRound size={24} aria-hidden="true" /> {texts.question}
      </h2>
      <ListenerList onChosen={() => undefined} />
    </section>
  );
}
