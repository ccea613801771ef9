import { ArrowLeft, SearchX } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Chip } from "../../components/Chip";
import { ErrorMessage, Message } from "../../components/Message";
import { Skeleton } from "../../components/Skeleton";
import { useResource } from "../../state/resource";
import { isPicture } from "../../state/searchFile";
import { t } from "../../texts";
import { formatMeasure, measureName } from "../../texts/measures";
import { Actions } from "./Actions";
import styles from "./FileResults.module.css";
import { Hits } from "./Hits";
import { answerFile, seedsOf } from "./question";

const TAGS_SHOWN = 4;
const MEASURES_SHOWN = ["tempo", "energy", "valence", "acousticness"] as const;

/** Music for a picture or a sound. */
export function FileResults({ file, onClose }: { file: File; onClose: () => void }) {
  const { data, error, isLoading, reload } = useResource((signal) => answerFile(file, signal), [file]);
  const texts = t().search;
  const tracks = data?.hits.map(({ track }) => track) ?? [];
  return (
    <>
      <header class={styles.header}>
        {isPicture(file) && <Preview file={file} />}
        <div class={styles.about}>
          <h2>{texts.fileOf(file.name)}</h2>
          {data?.seen && <Seen seen={data.seen} />}
          {data?.heard && <Heard heard={data.heard} />}
          <div class={styles.actions}>
            {tracks.length > 0 && <Actions tracks={tracks} name={file.name} radio={seedsOf(data?.hits ?? [])} />}
            <Button look="quiet" icon={<ArrowLeft size={18} aria-hidden="true" />} onClick={onClose}>
              {texts.anotherSearch}
            </Button>
          </div>
        </div>
      </header>
      {error && <ErrorMessage error={error} onRetry={reload} />}
      {isLoading && !error && <Skeleton of="rows" count={8} />}
      {data && !isLoading && !tracks.length && (
        <Message icon={SearchX} title={texts.nothing}>
          {texts.nothingHint}
        </Message>
      )}
      {data && !isLoading && (
        <Hits
          title={data.seen ? texts.fittingPicture : texts.fitting}
          hits={data.hits}
          from={file.name}
          reasonOf={() => (data.seen ? texts.reasons.picture : texts.reasons.sound)}
        />
      )}
    </>
  );
}

/** The picture itself, drawn on a canvas because the content security policy allows no addresses of local files. */
function Preview({ file }: { file: File }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isWanted = true;
    createImageBitmap(file, { resizeWidth: 320, resizeQuality: "high" }).then(
      (bitmap) => {
        if (!isWanted || !canvas.current) return;
        canvas.current.width = bitmap.width;
        canvas.current.height = bitmap.height;
        canvas.current.getContext("2d")?.drawImage(bitmap, 0, 0);
      },
      () => undefined, // the service says why it cannot be read
    );
    return () => {
      isWanted = false;
    };
  }, [file]);
  return <canvas ref={canvas} class={styles.preview} role="img" aria-label={file.name} />;
}

/** What is seen is named in English, the language of the service. */
function Seen({ seen }: { seen: Schemas["SeenPicture"] }) {
  const texts = t().search;
  const words: Record<string, string> = texts.lookWords;
  const looks = seen.looks.split(", ").map((word) => words[word] ?? word);
  return (
    <p class={styles.understood}>
      {seen.shows.length > 0 && `${texts.shows(seen.shows.join(", "))} `}
      {texts.looks(looks.join(", "))}
    </p>
  );
}

function Heard({ heard }: { heard: Schemas["HeardClip"] }) {
  const measured: Record<string, unknown> = { ...heard.descriptors, ...heard.attributes };
  const tags = Object.entries(heard.tags).sort(([, one], [, other]) => other - one);
  const names = [...new Set(tags.map(([tag]) => tag.split(":").at(-1) ?? tag))].slice(0, TAGS_SHOWN);
  return (
    <ul class={styles.chips} aria-label={t().search.understood}>
      {names.map((name) => (
        <li key={name} lang="en">
          <Chip>{name}</Chip>
        </li>
      ))}
      {MEASURES_SHOWN.map((name) => {
        const value = measured[name];
        if (typeof value !== "number") return null;
        return (
          <li key={name}>
            <Chip>{t().ranges.exactly(measureName(name), formatMeasure(name, value))}</Chip>
          </li>
        );
      })}
    </ul>
  );
}
