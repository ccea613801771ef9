import { Play } from "lucide-preact";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { Shelf } from "../../components/Shelf";
import { TrackTile } from "../../components/TrackTile";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { t } from "../../texts";
import styles from "./TrackShelf.module.css";

interface Props {
  title: string;
  note?: string;
  load: (signal: AbortSignal) => Promise<Track[]>;
}

const PLACEHOLDERS = Array.from({ length: 12 }, (_, number) => number);

/** A shelf of tracks. It disappears if it has none, and keeps its height while it loads. */
export function TrackShelf({ title, note, load }: Props) {
  const { data, error, reload } = useResource(load, []);
  if (data && !data.length) return null;
  const play = (start: number) => data && playNow(data, { start, from: title });
  return (
    <Shelf
      title={title}
      {...(note !== undefined && { note })}
      actions={data && <IconButton icon={Play} size="sm" label={t().home.playShelf(title)} onClick={() => play(0)} />}
    >
      {data?.map((track, index) => (
        <TrackTile key={track.id} track={track} onPlay={() => play(index)} />
      ))}
      {!data && !error && PLACEHOLDERS.map((number) => <li key={number} class={styles.placeholder} />)}
      {error && !data && (
        <li class={styles.error}>
          <p role="alert">{error.message}</p>
          <Button size="sm" onClick={reload}>
            {t().actions.retry}
          </Button>
        </li>
      )}
    </Shelf>
  );
}
