import { FileUp } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { timesStored } from "../../state/listens";
import { type Imported, importListens } from "../../state/ownData";
import { t } from "../../texts";
import styles from "./ImportDialog.module.css";

/** What became of a file: its numbers, or why it was refused. */
interface Result {
  file: File;
  imported?: Imported;
  problem?: string;
}

/** Imports the listening history that another service exported. */
export function ImportDialog({ user, onClose }: { user: string; onClose: () => void }) {
  const texts = t().importing;
  const input = useRef<HTMLInputElement>(null);
  const [running, setRunning] = useState<string | null>(null);
  const [results, setResults] = useState<Result[]>([]);

  async function run(files: readonly File[], skipInvalid = false) {
    for (const file of files) {
      setRunning(file.name);
      const result = await importListens(user, file, skipInvalid).then(
        (imported): Result => ({ file, imported }),
        (problem: Error): Result => ({ file, problem: problem.message }),
      );
      setResults((before) => [...before.filter((each) => each.file !== file), result]);
    }
    setRunning(null);
    timesStored.value += 1;
  }

  return (
    <Dialog
      title={texts.title}
      onClose={onClose}
      footer={
        <Button
          look="primary"
          disabled={running !== null}
          icon={<FileUp size={18} aria-hidden="true" />}
          onClick={() => input.current?.click()}
        >
          {texts.choose}
        </Button>
      }
    >
      <div class={styles.body}>
        <p>{texts.hint}</p>
        <dl class={styles.sources}>
          {texts.sources.map(([name, files]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{files}</dd>
            </div>
          ))}
        </dl>
        <input
          ref={input}
          type="file"
          accept=".zip,.json,.jsonl,.csv"
          multiple
          hidden
          aria-label={texts.choose}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            void run(files);
          }}
        />
        <div class={styles.results} role="status">
          {results.map((each) => (
            <Outcome key={each.file.name} result={each} busy={running !== null} onSkip={() => run([each.file], true)} />
          ))}
          {running !== null && <p class={styles.running}>{texts.running(running)}</p>}
        </div>
      </div>
    </Dialog>
  );
}

function Outcome({ result, busy, onSkip }: { result: Result; busy: boolean; onSkip: () => void }) {
  const texts = t().importing;
  const { file, imported, problem } = result;
  return (
    <section class={styles.result}>
      <h3>{file.name}</h3>
      {problem && (
        <>
          <p class={styles.problem}>{problem}</p>
          <p>{texts.refused}</p>
          <Button size="sm" disabled={busy} onClick={onSkip}>
            {texts.skip}
          </Button>
        </>
      )}
      {imported && (
        <ul>
          <li>{texts.recorded(imported.recorded)}</li>
          {imported.duplicates > 0 && <li>{texts.duplicates(imported.duplicates)}</li>}
          {imported.unknown > 0 && <li>{texts.unknown(imported.unknown)}</li>}
          {Object.entries(imported.left_out).map(([why, number]) => (
            <li key={why}>{texts.leftOut(number, texts.reasons[why] ?? why)}</li>
          ))}
          {imported.invalid.map((message) => (
            <li key={message} class={styles.problem}>
              {message}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
