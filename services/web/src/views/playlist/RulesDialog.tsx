import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { changePlaylist, type Playlist, type PlaylistRules } from "../../state/playlists";
import { t } from "../../texts";
import { type Editor, edit } from "./editing";
import styles from "./Playlist.module.css";
import { NEW_RULES, RulesForm } from "./RulesForm";

/** Changes the rules of a smart playlist, or makes it an ordinary one. */
export function RulesDialog({
  playlist,
  editor,
  onClose,
}: {
  playlist: Playlist;
  editor: Editor;
  onClose: () => void;
}) {
  const texts = t().playlists;
  const [rules, setRules] = useState<PlaylistRules>({ ...NEW_RULES, ...playlist.rules });
  const [problem, setProblem] = useState<string>();

  async function save() {
    setProblem(undefined);
    try {
      const found = await changePlaylist(playlist.id, playlist.revision, { rules });
      await editor.run(() => Promise.resolve(found));
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <Dialog
      title={texts.editRules}
      onClose={onClose}
      footer={
        <>
          <Button
            look="quiet"
            onClick={() => {
              void edit(editor, { rules: null });
              onClose();
            }}
          >
            {texts.makeOrdinary}
          </Button>
          <Button look="primary" onClick={() => void save()}>
            {t().actions.save}
          </Button>
        </>
      }
    >
      <RulesForm rules={rules} onChange={setRules} />
      {problem && (
        <p class={styles.failure} role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
