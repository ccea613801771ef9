import { Volume1, Volume2, VolumeX } from "lucide-preact";
import { IconButton } from "../components/IconButton";
import { Slider } from "../components/Slider";
import { muted, volume } from "../state/playback";
import { formatNumber, t } from "../texts";
import styles from "./Volume.module.css";

/** Mute button and volume slider. */
export function Volume() {
  const texts = t().player;
  const shown = muted.value ? 0 : volume.value;
  return (
    <div class={styles.volume}>
      <IconButton
        icon={shown === 0 ? VolumeX : shown < 0.5 ? Volume1 : Volume2}
        label={muted.value ? texts.unmute : texts.mute}
        size="sm"
        onClick={() => {
          muted.value = !muted.value;
        }}
      />
      <Slider
        label={texts.volume}
        value={shown}
        max={1}
        step={0.05}
        valueText={formatNumber(shown, { style: "percent" })}
        onInput={(given) => {
          volume.value = given;
          muted.value = false;
        }}
      />
    </div>
  );
}
