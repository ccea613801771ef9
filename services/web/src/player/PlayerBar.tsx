import { Cover } from "../components/Cover";
import { href } from "../router";
import { duration, position } from "../state/playback";
import { current } from "../state/queueState";
import { t } from "../texts";
import styles from "./PlayerBar.module.css";
import { SeekBar } from "./SeekBar";
import { TrackNames } from "./TrackNames";
import { Transport } from "./Transport";
import { VerdictButtons } from "./VerdictButtons";
import { Volume } from "./Volume";

/** The controls of the player: a bar on wide screens, a mini player on phones. */
export function PlayerBar() {
  const track = current.value;
  return (
    <div class={styles.bar}>
      <Progress />
      <div class={styles.track}>
        {track && (
          <a class={styles.open} href={href(["queue"])} aria-label={t().player.openNowPlaying}>
            <Cover of={{ kind: "tracks", id: track.id }} size={56} />
          </a>
        )}
        {track ? <TrackNames track={track} /> : <span class={styles.idle}>{t().player.idle}</span>}
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
