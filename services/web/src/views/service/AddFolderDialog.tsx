import { useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { refreshStatus } from "../../state/service";
import { say } from "../../state/toasts";
import { t } from "../../texts";
import styles from "./forms.module.css";

/** Asks for a folder on the machine that runs Segue, and scans it. */
export function AddFolderDialog({ onClose }: { onClose: () => void }) {
  const [path, setPath] = useState("");
  const [hasPictures, setHasPictures] = useState(false);
  const [error, setError] = useState<string>();
  const texts = t().service.folders;

  async function submit(event: Event) {
    event.preventDefault();
    const body = { path: path.trim() };
    try {
      await ask(client.POST("/v1/scans", { body }));
      if (hasPictures) await ask(client.POST("/v1/pictures/scans", { body }));
    } catch (failure) {
      return setError(failure instanceof Error ? failure.message : String(failure));
    }
    say(texts.started(body.path));
    onClose();
    await refreshStatus().catch(() => undefined); // the stream shows it too
  }

  return (
    <Dialog title={texts.add} onClose={onClose}>
      <form class={styles.form} onSubmit={submit}>
        <Field
          label={texts.addLabel}
          hint={texts.addHint}
          error={error}
          placeholder={texts.example}
          required
          maxLength={4096}
          autoComplete="off"
          spellcheck={false}
          value={path}
          onInput={(event) => setPath(event.currentTarget.value)}
        />
        <label class={styles.check}>
          <input
            type="checkbox"
            checked={hasPictures}
            onChange={(event) => setHasPictures(event.currentTarget.checked)}
          />
          {texts.withPictures}
        </label>
        <Button look="primary" type="submit">
          {texts.submit}
        </Button>
      </form>
    </Dialog>
  );
}
