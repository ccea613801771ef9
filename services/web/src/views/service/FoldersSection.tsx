import { FolderPlus, RefreshCw, Upload } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { ask, client } from "../../api/client";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { refreshStatus, runningJobs, type Status } from "../../state/service";
import { say, sayError } from "../../state/toasts";
import { formatAgo, t } from "../../texts";
import { AddFolderDialog } from "./AddFolderDialog";
import styles from "./FoldersSection.module.css";
import { Section } from "./Section";

/** What a scan takes, because browsers do not know all of these as audio; `test_formats.py` compares. */
const AUDIO_SUFFIXES =
  ".aac,.ac3,.aif,.aifc,.aiff,.amr,.ape,.au,.caf,.dff,.dsf,.dts,.eac3,.ec3,.flac,.m4a,.m4b,.m4p,.m4r,.mka,.mlp,.mp+,.mp2,.mp3,.mp4,.mpc,.oga,.ogg,.opus,.ra,.rf64,.rm,.shn,.snd,.tak,.thd,.tta,.w64,.wav,.weba,.webm,.wma,.wv";

/** The folders of the library, and the ways to add music. */
export function FoldersSection({ folders }: Pick<Status, "folders">) {
  const [isAdding, setIsAdding] = useState(false);
  const texts = t().service.folders;
  return (
    <Section
      title={texts.title}
      actions={
        <>
          <UploadButton />
          <Button
            size="sm"
            look={folders.length ? "secondary" : "primary"}
            icon={<FolderPlus size={16} aria-hidden="true" />}
            onClick={() => setIsAdding(true)}
          >
            {texts.add}
          </Button>
        </>
      }
    >
      {folders.length ? (
        <ul class={styles.folders}>
          {folders.map((folder) => (
            <Folder key={folder.path} {...folder} />
          ))}
        </ul>
      ) : (
        <p class={styles.none}>{texts.none}</p>
      )}
      {isAdding && <AddFolderDialog onClose={() => setIsAdding(false)} />}
    </Section>
  );
}

function Folder({ path, tracks, pictures, scanned_at }: Status["folders"][number]) {
  const texts = t().service.folders;
  const isScanned = [...runningJobs.value.values()].some((job) => job.path === path);
  const facts = [
    t().counts.tracks(tracks),
    pictures ? texts.pictures(pictures) : null,
    isScanned ? texts.scanning : scanned_at === null ? texts.never : texts.scanned(formatAgo(new Date(scanned_at))),
  ];
  return (
    <li class={styles.folder}>
      <div class={styles.names}>
        <p class={styles.path}>{path}</p>
        <p class={styles.detail}>{facts.filter(Boolean).join(" · ")}</p>
      </div>
      <IconButton
        icon={RefreshCw}
        label={texts.scanTitle(path)}
        onClick={() => scanFolder(path, { tracks: true, pictures: pictures > 0 })}
      />
    </li>
  );
}

/** Start the scans of a folder. Resolves to whether they were started. */
export async function scanFolder(path: string, of: { tracks: boolean; pictures: boolean }): Promise<void> {
  try {
    if (of.tracks) await ask(client.POST("/v1/scans", { body: { path } }));
    if (of.pictures) await ask(client.POST("/v1/pictures/scans", { body: { path } }));
    say(t().service.folders.started(path));
    await refreshStatus();
  } catch (error) {
    sayError(error);
  }
}

function UploadButton() {
  const input = useRef<HTMLInputElement>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const texts = t().service.folders;

  /** Send one file after the other: each takes a thread of the service. A file that is refused does not stop the others. */
  async function upload(files: readonly File[]) {
    let sent = 0;
    for (const file of files) {
      setCurrent(file.name);
      const body = new FormData();
      body.set("file", file);
      try {
        await ask(client.POST("/v1/tracks", { body: { file: "" }, bodySerializer: () => body }));
        sent += 1;
      } catch (error) {
        sayError(new Error(`${file.name}: ${error instanceof Error ? error.message : error}`));
      }
    }
    setCurrent(null);
    if (sent) say(texts.uploaded(sent));
  }

  return (
    <>
      <Button
        size="sm"
        disabled={current !== null}
        icon={<Upload size={16} aria-hidden="true" />}
        onClick={() => input.current?.click()}
      >
        {current === null ? texts.upload : texts.uploading(current)}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={`audio/*,${AUDIO_SUFFIXES}`}
        aria-label={texts.upload}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          void upload(files);
        }}
      />
    </>
  );
}
