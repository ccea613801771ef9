import { FileUp, ListMusic, Plus, Sparkles } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Menu } from "../../components/Menu";
import { ErrorMessage, Message } from "../../components/Message";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { href, navigate } from "../../router";
import { listener } from "../../state/listener";
import { importPlaylist, listPlaylists, type PlaylistSummary } from "../../state/playlists";
import { useResource } from "../../state/resource";
import { say, sayError } from "../../state/toasts";
import { t } from "../../texts";
import { NewPlaylistDialog } from "./NewPlaylistDialog";
import styles from "./Playlists.module.css";
import { PlaylistTile } from "./PlaylistTile";
import { type ImportReport, UnmatchedDialog } from "./UnmatchedDialog";

type Kind = "ordinary" | "smart";

export default function Playlists() {
  const texts = t().playlists;
  const owner = listener.value;
  const { data, error, isLoading, reload } = useResource((cancelled) => listPlaylists(cancelled, owner), [owner]);
  const [creating, setCreating] = useState<Kind | null>(null);
  const [report, setReport] = useState<ImportReport | null>(null);
  const input = useRef<HTMLInputElement>(null);

  async function importFile(file: File) {
    try {
      const { playlist, unmatched } = await importPlaylist(file);
      if (unmatched.length) setReport({ playlist, unmatched });
      else navigate(href(["playlist", playlist.id]));
      say(texts.imported(playlist.name, t().counts.tracks(playlist.tracks)));
      reload();
    } catch (problem) {
      sayError(problem);
    }
  }

  const create = (kind: Kind) => (
    <Button
      key={kind}
      look={kind === "ordinary" ? "primary" : "secondary"}
      icon={kind === "ordinary" ? <Plus size={18} aria-hidden="true" /> : <Sparkles size={18} aria-hidden="true" />}
      onClick={() => setCreating(kind)}
    >
      {kind === "ordinary" ? texts.newOne : texts.newSmart}
    </Button>
  );
  const upload = (
    <Button icon={<FileUp size={18} aria-hidden="true" />} onClick={() => input.current?.click()}>
      {texts.import}
    </Button>
  );
  return (
    <Page
      title={t().nav.playlists}
      actions={
        data?.length ? (
          <>
            <span class={styles.wide}>
              {upload}
              {create("smart")}
            </span>
            {create("ordinary")}
            <span class={styles.narrow}>
              <Menu
                label={t().actions.more}
                items={[
                  { label: texts.newSmart, icon: Sparkles, run: () => setCreating("smart") },
                  { label: texts.import, icon: FileUp, run: () => input.current?.click() },
                ]}
              />
            </span>
          </>
        ) : null
      }
    >
      <input
        ref={input}
        type="file"
        accept=".m3u,.m3u8,audio/x-mpegurl"
        hidden
        aria-label={texts.importFile}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) void importFile(file);
        }}
      />
      {error && !data && <ErrorMessage error={error} onRetry={reload} />}
      {isLoading && !data && <Skeleton of="tiles" count={8} />}
      {data?.length === 0 && (
        <Message
          icon={ListMusic}
          title={texts.none}
          actions={
            <>
              {create("ordinary")}
              {create("smart")}
              {upload}
            </>
          }
        >
          {texts.noneHint}
        </Message>
      )}
      {data && data.length > 0 && <Groups playlists={data} owner={owner} onChange={reload} />}
      {creating && <NewPlaylistDialog kind={creating} onClose={() => setCreating(null)} />}
      {report && <UnmatchedDialog report={report} onClose={() => setReport(null)} />}
    </Page>
  );
}

/** The listener's playlists, then those of nobody. Without a listener, all in one grid. */
function Groups({
  playlists,
  owner,
  onChange,
}: {
  playlists: PlaylistSummary[];
  owner: string | null;
  onChange: () => void;
}) {
  const texts = t().playlists;
  const mine = owner === null ? playlists : playlists.filter((each) => each.owner === owner);
  const shared = playlists.filter((each) => !mine.includes(each));
  return (
    <>
      {[mine, shared].map(
        (group) =>
          group.length > 0 && (
            <section key={group === mine ? "mine" : "shared"} class={styles.group}>
              {group === shared && <h2>{texts.shared}</h2>}
              <ul class={styles.grid} aria-label={group === shared ? texts.shared : t().nav.playlists}>
                {group.map((each) => (
                  <PlaylistTile key={each.id} playlist={each} onChange={onChange} />
                ))}
              </ul>
            </section>
          ),
      )}
    </>
  );
}
