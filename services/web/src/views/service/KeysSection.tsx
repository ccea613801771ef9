import { KeyRound, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { IconButton } from "../../components/IconButton";
import { ErrorMessage } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { me } from "../../state/listener";
import { useResource } from "../../state/resource";
import { say, sayError } from "../../state/toasts";
import { formatAgo, t } from "../../texts";
import styles from "./KeysSection.module.css";
import { NewKeyDialog } from "./NewKeyDialog";
import { Section } from "./Section";

type Key = Schemas["Key"];

/** The API keys: create, look at and revoke them. */
export function KeysSection() {
  const [isCreating, setIsCreating] = useState(false);
  const [doomed, setDoomed] = useState<Key | null>(null);
  const { data, error, reload } = useResource((cancelled) => ask(client.GET("/v1/keys", { signal: cancelled })), []);
  const texts = t().service.keys;
  const valid = data?.keys.filter((key) => key.revoked_at === null) ?? [];
  const revoked = (data?.keys.length ?? 0) - valid.length;

  async function revoke(key: Key) {
    setDoomed(null);
    try {
      await ask(client.DELETE("/v1/keys/{key_id}", { params: { path: { key_id: key.id } } }));
      say(texts.revoked(key.name));
      reload();
    } catch (failure) {
      sayError(failure);
    }
  }

  return (
    <Section
      title={texts.title}
      actions={
        <Button size="sm" icon={<KeyRound size={16} aria-hidden="true" />} onClick={() => setIsCreating(true)}>
          {texts.create}
        </Button>
      }
    >
      <p class={styles.hint}>{texts.hint}</p>
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="rows" count={2} />}
      {data && !valid.length && <p>{texts.none}</p>}
      <ul class={styles.keys}>
        {valid.map((key) => (
          <KeyRow key={key.id} apiKey={key} onRevoke={() => setDoomed(key)} />
        ))}
      </ul>
      {revoked > 0 && <p class={styles.hint}>{texts.revokedKeys(revoked)}</p>}
      {isCreating && <NewKeyDialog onClose={() => setIsCreating(false)} onCreated={reload} />}
      {doomed && (
        <ConfirmDialog
          title={texts.revokeTitle(doomed.name)}
          action={texts.revoke}
          onClose={() => setDoomed(null)}
          onConfirm={() => revoke(doomed)}
        >
          {texts.revokeSure(doomed.name)}
        </ConfirmDialog>
      )}
    </Section>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: Key; onRevoke: () => void }) {
  const texts = t().service.keys;
  const used = apiKey.last_used_at;
  return (
    <li class={styles.key}>
      <div class={styles.names}>
        <p class={styles.name}>
          {apiKey.name}
          {me.value?.key?.id === apiKey.id && <Chip>{texts.mine}</Chip>}
        </p>
        <p class={styles.hint}>
          {apiKey.scopes.map((scope) => texts.short[scope]).join(", ")} ·{" "}
          {apiKey.libraries && `${texts.inLibraries(apiKey.libraries.join(", "))} · `}
          {apiKey.users ? texts.boundTo(apiKey.users.join(", ")) : texts.everyone} ·{" "}
          {used ? texts.lastUsed(formatAgo(new Date(used))) : texts.neverUsed}
        </p>
      </div>
      <IconButton icon={Trash2} label={texts.revokeTitle(apiKey.name)} onClick={onRevoke} />
    </li>
  );
}
