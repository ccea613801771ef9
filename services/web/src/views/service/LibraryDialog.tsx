import { useId, useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { t } from "../../texts";
import forms from "./forms.module.css";
import type { Library } from "./LibrariesSection";

/** Defines a library, or changes the folders of one. */
export function LibraryDialog({
  library,
  onClose,
  onSaved,
}: {
  library: Library | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const [name, setName] = useState(library?.name ?? "");
  const [folders, setFolders] = useState(library?.roots?.join("\n") ?? "");
  const [error, setError] = useState<string>();
  const id = useId();
  const texts = t().service.libraries;

  async function save(event: Event) {
    event.preventDefault();
    const roots = folders
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean);
    const body = { roots, users: library?.users ?? [] };
    try {
      await ask(client.PUT("/v1/libraries/{library}", { params: { path: { library: name.trim() } }, body }));
    } catch (failure) {
      return setError(failure instanceof Error ? failure.message : String(failure));
    }
    onSaved();
    onClose();
  }

  return (
    <Dialog title={library ? texts.changeTitle(library.name) : texts.create} onClose={onClose}>
      <form class={forms.form} onSubmit={save}>
        {!library && (
          <Field
            label={texts.name}
            required
            maxLength={100}
            autoComplete="off"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
        <div class={forms.area}>
          <label for={id}>{texts.folders}</label>
          <textarea
            id={id}
            rows={4}
            required
            spellcheck={false}
            aria-invalid={Boolean(error)}
            aria-describedby={`${id}-note`}
            value={folders}
            onInput={(event) => setFolders(event.currentTarget.value)}
          />
          <p id={`${id}-note`} class={error ? forms.error : forms.hint} role={error ? "alert" : undefined}>
            {error ?? texts.foldersHint}
          </p>
        </div>
        <Button look="primary" type="submit">
          {library ? t().actions.save : texts.create}
        </Button>
      </form>
    </Dialog>
  );
}
