import { useState } from "preact/hooks";
import { ask, base, client } from "../../api/client";
import { Button } from "../../components/Button";
import { CopyText } from "../../components/CopyText";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { href } from "../../router";
import { useResource } from "../../state/resource";
import { findSignIn, signInUrl } from "../../state/session";
import { t } from "../../texts";
import styles from "./Compare.module.css";

/** Returns the link for a friend, who signs in, or else gets a key of their own. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const texts = t().compare;
  const { isLoading } = useResource(findSignIn, []);
  const [link, setLink] = useState<string | null>(null);
  const shown = link ?? (signInUrl.value === null ? null : `${base}/${href(["compare"])}`);
  return (
    <Dialog title={texts.invite} onClose={onClose}>
      {shown !== null ? (
        <div class={styles.form}>
          <p>{link === null ? texts.signInHint : texts.linkHint}</p>
          <CopyText text={shown} />
        </div>
      ) : (
        !isLoading && <NewFriend onLink={setLink} />
      )}
    </Dialog>
  );
}

function NewFriend({ onLink }: { onLink: (link: string) => void }) {
  const texts = t().compare;
  const [name, setName] = useState("");
  const [error, setError] = useState<string>();
  async function create(event: Event) {
    event.preventDefault();
    const user = name.trim();
    try {
      const body = { name: texts.keyName(user), scopes: ["read" as const, "listen" as const], users: [user] };
      const { key } = await ask(client.POST("/v1/keys", { body }));
      onLink(`${base}/${href(["compare"], { key })}`);
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  }
  return (
    <form class={styles.form} onSubmit={create}>
      <p>{texts.friendHint}</p>
      <Field
        label={texts.friend}
        error={error}
        required
        maxLength={80}
        autoComplete="off"
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <Button look="primary" type="submit" disabled={!name.trim()}>
        {texts.createLink}
      </Button>
    </form>
  );
}
