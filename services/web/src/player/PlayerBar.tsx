import { Keyboard, ListMusic } from "lucide-preact";
import { Cover } from "../components/Cover";
import { IconButton } from "../components/IconButton";
import { href } from "../router";
import { duration, position } from "../state/playback";
import { queueOpen, toggleQueue } from "../state/queuePanel";
import { current, currentEntry } from "../state/queueState";
import { t } from "../texts";
import { Failed } from "./Failed";
import styles from "./PlayerBar.module.css";
import { SeekBar } from "./SeekBar";
import { helpOpen } from "./shortcuts";
import { TrackNames } from "./TrackNames";
import { Transport } from "./Transport";
import { VerdictButtons } from "./VerdictButtons";
import { Volume } from "./Volume";

/** The controls of the player: a bar on wide screens, a mini player on phones. */
export function PlayerBar() {
  const track = current.value;
  const texts = t().player;
  return (
    <div class={styles.bar}>
      <Progress />
      <div class={styles.track}>
        {track && (
          <a class={styles.open} href={href(["queue"])} aria-label={texts.openNowPlaying}>
            <span class={styles.cover}>
              <Cover of={{ kind: "tracks", id: track.id }} size="fill" />
            </span>
          </a>
        )}
        {track ? (
          <div class={styles.names}>
            <TrackNames track={track} />
            {currentEntry.value?.failed && <Failed />}
          </div>
        ) : (
          <span class={styles.idle}>{texts.idle}</span>
        )}
        {track && (
          <div class={styles.verdicts}>
            <VerdictButtons track={track} />
          </div>
        )}
      </div>
      <div class={styles.middle}>
        <Transport />
        <div class={styles.seek}>
          <SeekBar />
        </div>
      </div>
      <div class={styles.end}>
        <IconButton
          icon={Keyboard}
          label={texts.shortcuts}
          size="sm"
          onClick={() => {
            helpOpen.value = true;
          }}
        />
        <IconButton icon={ListMusic} label={texts.queue} size="sm" pressed={queueOpen.value} onClick={toggleQueue} />
        <Volume />
      </div>
    </div>
  );
}

/** The thin line of the mini player. */
function Progress() {
  const share = duration.value ? Math.min(1, position.value / duration.value) : 0;
  return <div class={styles.progress} style={{ width: `${share * 100}%` }} />;
}
