import { Play } from "lucide-preact";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { IconButton } from "../../components/IconButton";
import { Shelf } from "../../components/Shelf";
import { TrackTile } from "../../components/TrackTile";
import { timesStored } from "../../state/listens";
import { playNow } from "../../state/queue";
import { useResource } from "../../state/resource";
import { useSteady } from "../../state/steady";
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
  const { data, error, reload } = useResource(load, [timesStored.value]);
  const { shown, onPoint } = useSteady(data);
  if (shown && !shown.length) return null;
  const play = (start?: number) => shown && playNow(shown, { ...(start !== undefined && { start }), from: title });
  return (
    <Shelf
      title={title}
      {...(note !== undefined && { note })}
      onPoint={onPoint}
      actions={shown && <IconButton icon={Play} size="sm" label={t().home.playShelf(title)} onClick={() => play()} />}
    >
      {shown?.map((track, index) => (
        <TrackTile key={track.id} track={track} onPlay={() => play(index)} />
      ))}
      {!shown && !error && PLACEHOLDERS.map((number) => <li key={number} class={styles.placeholder} />)}
      {error && !shown && (
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
