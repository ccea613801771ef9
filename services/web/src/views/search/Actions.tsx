import { ListEnd, ListPlus, Play, Radio } from "lucide-preact";
import type { Track } from "../../api/client";
import { Button } from "../../components/Button";
import { addToPlaylist } from "../../state/playlists";
import { addToQueue, playNow, type RadioStart, startRadio } from "../../state/queue";
import { t } from "../../texts";
import styles from "./Actions.module.css";

interface Props {
  /** All tracks that were found, in their order. */
  tracks: readonly Track[];
  /** Name of the search in the queue, and of a playlist. */
  name: string;
  /** How a radio starts. */
  radio: Omit<RadioStart, "label">;
}

/** What can be done with everything that was found. */
export function Actions({ tracks, name, radio }: Props) {
  const texts = t().search;
  const icon = { size: 18, "aria-hidden": "true" } as const;
  return (
    <div class={styles.actions}>
      <Button look="primary" icon={<Play {...icon} />} onClick={() => playNow(tracks, { from: name })}>
        {texts.playAll}
      </Button>
      <Button icon={<Radio {...icon} />} onClick={() => startRadio({ ...radio, label: name })}>
        {texts.radio}
      </Button>
      <Button icon={<ListEnd {...icon} />} onClick={() => addToQueue(tracks)}>
        {texts.queueAll}
      </Button>
      <Button icon={<ListPlus {...icon} />} onClick={() => addToPlaylist(tracks, name)}>
        {texts.savePlaylist}
      </Button>
    </div>
  );
}
