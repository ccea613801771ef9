import { CircleUser } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client } from "../api/client";
import { chooseListener, listener, me } from "../state/listener";
import { useResource } from "../state/resource";
import { formatAgo, t } from "../texts";
import { Button } from "./Button";
import { Field } from "./Field";
import styles from "./ListenerList.module.css";
import { ErrorMessage } from "./Message";
import { Skeleton } from "./Skeleton";

/** Listener names that the service refuses: it wants 1 to 200 characters, none of them a slash or a control character. */
const NAME = "[^\\/\\p{Cc}]{1,200}";

/** The stored listeners to choose from, and a field for a new name. */
export function ListenerList({ onChosen }: { onChosen: () => void }) {
  const { data, error, reload } = useResource((signal) => ask(client.GET("/v1/users", { signal })), []);
  if (error) return <ErrorMessage error={error} onRetry={reload} />;
  if (!data) return <Skeleton of="rows" count={3} />;
  const bound = me.value?.listeners ?? null;
  const stored = new Map(data.users.map((user) => [user.name, user]));
  const names = bound ?? [...stored.keys()];
  const choose = (name: string) => {
    chooseListener(name);
    onChosen();
  };
  return (
    <>
      <ul class={styles.list}>
        {names.map((name) => (
          <li key={name}>
            <button
              type="button"
              class={styles.listener}
              aria-pressed={listener.value === name}
              onClick={() => choose(name)}
            >
              <CircleUser size={24} aria-hidden="true" />
              <span class={styles.name}>{name}</span>
              <span class={styles.note}>{heardOf(stored.get(name))}</span>
            </button>
          </li>
        ))}
      </ul>
      {bound === null && <NewName label={names.length ? t().listener.another : t().listener.name} onName={choose} />}
    </>
  );
}

function heardOf(user: { listens: number; last_at: string | null } | undefined): string {
  if (!user?.last_at) return t().listener.nothingYet;
  return t().listener.lastHeard(formatAgo(new Date(user.last_at)));
}

function NewName({ label, onName }: { label: string; onName: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      class={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        onName(name.trim());
      }}
    >
      <Field
        label={label}
        required
        pattern={NAME}
        maxLength={200}
        title={t().listener.rule}
        autoComplete="off"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <Button look="primary" type="submit" disabled={!name.trim()}>
        {t().listener.use}
      </Button>
    </form>
  );
}
