import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { href, navigate } from "../../router";
import type { Playlist, UnmatchedLine } from "../../state/playlists";
import { t } from "../../texts";
import styles from "./Playlists.module.css";

export interface ImportReport {
  playlist: Playlist;
  unmatched: UnmatchedLine[];
}

/** The lines of an imported file that the library does not have. */
export function UnmatchedDialog({ report, onClose }: { report: ImportReport; onClose: () => void }) {
  const texts = t().playlists;
  const { playlist, unmatched } = report;
  return (
    <Dialog
      title={texts.notFound(t().counts.tracks(unmatched.length))}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={() => navigate(href(["playlist", playlist.id]))}>
          {texts.open(playlist.name)}
        </Button>
      }
    >
      <p>{texts.notFoundHint(t().counts.tracks(playlist.tracks))}</p>
      <ul class={styles.unmatched}>
        {unmatched.map((line) => (
          <li key={line.line}>
            {line.names && <span>{line.names}</span>}
            <span class={styles.path}>{line.text}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
