import { useState } from "preact/hooks";
import { ask, client, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { CopyText } from "../../components/CopyText";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import forms from "./forms.module.css";

type Scope = Schemas["Scope"];

const SCOPES: readonly Scope[] = ["read", "listen", "ingest", "admin"];

/** Creates a key and shows its secret once. */
export function NewKeyDialog({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const [name, setName] = useState("");
  const [user, setUser] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set(["read", "listen"]));
  const [libraries, setLibraries] = useState<ReadonlySet<string>>(new Set());
  const known = useResource((signal) => ask(client.GET("/v1/libraries", { signal })), []).data?.libraries ?? [];
  const [error, setError] = useState<string>();
  const [secret, setSecret] = useState<string | null>(null);
  const texts = t().service.keys;
  if (secret !== null) return <Secret secret={secret} onClose={onClose} />;

  function toggled<T>(chosen: ReadonlySet<T>, value: T): ReadonlySet<T> {
    const next = new Set(chosen);
    if (!next.delete(value)) next.add(value);
    return next;
  }

  async function create(event: Event) {
    event.preventDefault();
    const users = user.trim() ? [user.trim()] : [];
    const body = {
      name: name.trim(),
      scopes: SCOPES.filter((scope) => scopes.has(scope)),
      users,
      libraries: [...libraries],
    };
    try {
      const { key } = await ask(client.POST("/v1/keys", { body }));
      setSecret(key);
      onCreated();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    }
  }

  return (
    <Dialog title={texts.create} onClose={onClose}>
      <form class={forms.form} onSubmit={create}>
        <Field
          label={texts.name}
          hint={texts.nameHint}
          error={error}
          required
          maxLength={100}
          autoComplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <fieldset class={forms.checks}>
          <legend>{texts.scopes}</legend>
          {SCOPES.map((scope) => (
            <label key={scope} class={forms.check}>
              <input type="checkbox" checked={scopes.has(scope)} onChange={() => setScopes(toggled(scopes, scope))} />
              {texts.scope[scope]}
            </label>
          ))}
        </fieldset>
        <Field
          label={texts.listener}
          hint={texts.listenerHint}
          maxLength={100}
          autoComplete="off"
          value={user}
          onInput={(event) => setUser(event.currentTarget.value)}
        />
        {known.length > 0 && (
          <fieldset class={forms.checks}>
            <legend>{texts.libraries}</legend>
            {known.map(({ name: library }) => (
              <label key={library} class={forms.check}>
                <input
                  type="checkbox"
                  checked={libraries.has(library)}
                  onChange={() => setLibraries(toggled(libraries, library))}
                />
                {library}
              </label>
            ))}
          </fieldset>
        )}
        <Button look="primary" type="submit" disabled={scopes.size === 0}>
          {texts.create}
        </Button>
      </form>
    </Dialog>
  );
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const texts = t().service.keys;
  return (
    <Dialog
      title={texts.created}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {texts.finish}
        </Button>
      }
    >
      <p>{texts.once}</p>
      <CopyText text={secret} />
    </Dialog>
  );
}
