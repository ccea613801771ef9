import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Field } from "../../components/Field";
import { href, navigate } from "../../router";
import { createPlaylist, type PlaylistRules } from "../../state/playlists";
import { t } from "../../texts";
import { NEW_RULES, RulesForm } from "../playlist/RulesForm";

interface Props {
  kind: "ordinary" | "smart";
  onClose: () => void;
}

/** Asks for the name of a new playlist and, for a smart one, for its rules. */
export function NewPlaylistDialog({ kind, onClose }: Props) {
  const texts = t().playlists;
  const [name, setName] = useState("");
  const [rules, setRules] = useState<PlaylistRules>(NEW_RULES);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function create() {
    setBusy(true);
    try {
      const made = await createPlaylist({ name: name.trim(), ...(kind === "smart" && { rules }) });
      onClose();
      navigate(href(["playlist", made.id]));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={kind === "smart" ? texts.newSmart : texts.newOne}
      onClose={onClose}
      footer={
        <Button type="submit" form="new-playlist" look="primary" disabled={!name.trim() || isBusy}>
          {texts.create}
        </Button>
      }
    >
      <form
        id="new-playlist"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) void create();
        }}
      >
        <Field
          label={texts.name}
          value={name}
          maxLength={200}
          autocomplete="off"
          autofocus
          error={problem}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </form>
      {kind === "smart" && <RulesForm rules={rules} onChange={setRules} />}
    </Dialog>
  );
}
