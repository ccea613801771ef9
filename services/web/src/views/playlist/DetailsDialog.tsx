import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import type { Playlist } from "../../state/playlists";
import { t } from "../../texts";
import { type Editor, edit } from "./editing";
import styles from "./Playlist.module.css";

/** Changes the name and the description of a playlist. */
export function DetailsDialog({
  playlist,
  editor,
  onClose,
}: {
  playlist: Playlist;
  editor: Editor;
  onClose: () => void;
}) {
  const texts = t().playlists;
  const [name, setName] = useState(playlist.name);
  const [description, setDescription] = useState(playlist.description);
  return (
    <Dialog
      title={texts.editDetails}
      onClose={onClose}
      footer={
        <Button type="submit" form="playlist-details" look="primary" disabled={!name.trim()}>
          {t().actions.save}
        </Button>
      }
    >
      <form
        id="playlist-details"
        class={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!name.trim()) return;
          void edit(editor, { name: name.trim(), description: description.trim() });
          onClose();
        }}
      >
        <Field
          label={texts.name}
          value={name}
          maxLength={200}
          autocomplete="off"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <Field
          label={texts.description}
          value={description}
          maxLength={2000}
          autocomplete="off"
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </form>
    </Dialog>
  );
}
