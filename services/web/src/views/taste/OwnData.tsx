import { Download, FileUp, RotateCcw, Trash2 } from "lucide-preact";
import { useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { href, navigate } from "../../router";
import { leaveListener } from "../../state/listener";
import { saveExport } from "../../state/ownData";
import { say, sayError } from "../../state/toasts";
import { t } from "../../texts";
import { ImportDialog } from "./ImportDialog";
import styles from "./OwnData.module.css";

/** What a listener can do with all that is stored: take it along, start again, delete it. */
export function OwnData({ user }: { user: string }) {
  const [isAsking, setAsking] = useState(false);
  const [isImporting, setImporting] = useState(false);
  const texts = t().ownData;
  const remove = async () => {
    setAsking(false);
    try {
      const { listens } = await ask(client.DELETE("/v1/users/{user}", { params: { path: { user } } }));
      say(texts.deleted(listens));
      leaveListener();
      navigate(href([]));
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <section class={styles.section} aria-labelledby="own-data">
      <h2 id="own-data">{texts.title}</h2>
      <p class={styles.hint}>{texts.hint(user)}</p>
      <div class={styles.actions}>
        <Button icon={<FileUp size={18} aria-hidden="true" />} onClick={() => setImporting(true)}>
          {texts.import}
        </Button>
        <Button icon={<Download size={18} aria-hidden="true" />} onClick={() => saveExport(user).catch(sayError)}>
          {texts.export}
        </Button>
        <Button icon={<RotateCcw size={18} aria-hidden="true" />} onClick={() => navigate(href([], { start: "1" }))}>
          {texts.startAgain}
        </Button>
        <Button look="danger" icon={<Trash2 size={18} aria-hidden="true" />} onClick={() => setAsking(true)}>
          {texts.delete}
        </Button>
      </div>
      {isImporting && <ImportDialog user={user} onClose={() => setImporting(false)} />}
      {isAsking && (
        <ConfirmDialog
          title={texts.question(user)}
          action={texts.confirm}
          onClose={() => setAsking(false)}
          onConfirm={remove}
        >
          {texts.warning}
        </ConfirmDialog>
      )}
    </section>
  );
}
