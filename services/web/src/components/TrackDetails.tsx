import { ask, client, type Track } from "../api/client";
import { detailed, showDetails } from "../state/details";
import { useResource } from "../state/resource";
import { formatLength, t } from "../texts";
import { formatMeasure, formatOwn, measureName } from "../texts/measures";
import { Dialog } from "./Dialog";
import { ErrorMessage } from "./Message";
import { Skeleton } from "./Skeleton";
import styles from "./TrackDetails.module.css";

/** The dialog with the details of a track, while `detailed` is one. */
export function TrackDetails() {
  const track = detailed.value;
  return track && <Details key={track.id} track={track} />;
}

function Details({ track }: { track: Track }) {
  const texts = t().details;
  const { data, error, reload } = useResource(
    (signal) => ask(client.GET("/v1/tracks/{track_id}", { params: { path: { track_id: track.id } }, signal })),
    [track.id],
  );
  return (
    <Dialog title={texts.title} onClose={() => showDetails(null)}>
      <p class={styles.what}>
        <strong>{track.title}</strong>
        <span>{track.artist ?? t().unknownArtist}</span>
      </p>
      {error && <ErrorMessage error={error} onRetry={reload} />}
      {!data && !error && <Skeleton of="rows" count={6} />}
      {data && (
        <>
          <Values title={texts.own} values={ownValues(data)} />
          <Values title={texts.sound} values={soundValues(data)} />
          <Values title={texts.file} values={fileValues(data)} />
        </>
      )}
    </Dialog>
  );
}

type Value = [name: string, value: string];

function Values({ title, values }: { title: string; values: Value[] }) {
  if (!values.length) return null;
  return (
    <section class={styles.values} aria-label={title}>
      <h3>{title}</h3>
      <dl>
        {values.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const ownValues = ({ own_features = {} }: Track): Value[] =>
  Object.entries(own_features).map(([name, value]) => [name, formatOwn(value)]);

/** The measured values. Those with a name of their own are shown; a confidence has none. */
function soundValues({ attributes, descriptors, tags = [] }: Track): Value[] {
  const measured = Object.entries({ ...attributes, ...descriptors })
    .filter(([field, value]) => value !== null && field in t().measures)
    .map(([field, value]): Value => [measureName(field), formatMeasure(field, value as number)]);
  return tags.length ? [[t().library.heard, tags.join(", ")], ...measured] : measured;
}

function fileValues(track: Track): Value[] {
  const texts = t();
  const values: [string, string | null | undefined][] = [
    [texts.measures.album, track.album],
    [texts.measures.genre, track.genre],
    [texts.details.composer, track.composer],
    [texts.measures.year, track.year === null ? null : String(track.year)],
    [texts.measures.duration_ms, track.duration_ms === null ? null : formatLength(track.duration_ms)],
    [texts.details.path, track.path],
    [texts.details.id, track.id],
  ];
  return values.filter((each): each is Value => Boolean(each[1]));
}
