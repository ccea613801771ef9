import { Lasso, List, LocateFixed, Maximize, Minus, Move, Plus, Route, Volume2, VolumeX } from "lucide-preact";
import { IconButton } from "../../components/IconButton";
import { href } from "../../router";
import { current } from "../../state/queue";
import { t } from "../../texts";
import { measureName } from "../../texts/measures";
import { showTrack } from "./actions";
import { COLOURINGS, type Colouring } from "./colours";
import { zoomOut } from "./keyboard";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { clearChoice, colouring, flyTo, MODES, mode, sound, view } from "./state";

const ICONS = { move: Move, lasso: Lasso, path: Route };

/** The controls of the map. */
export function Toolbar({ index }: { index: MapIndex }) {
  const texts = t().map;
  const playing = current.value && index.numberOf(current.value.id) !== null ? current.value : null;
  const zoomBy = (step: number) => {
    const now = view.peek();
    if (now) flyTo(now, now.zoom + step);
  };
  return (
    <>
      <div class={`${styles.panel} ${styles.top}`} data-over-map>
        <p class={styles.title}>
          <strong>{t().nav.map}</strong>
          <span>{t().counts.tracks(index.count)}</span>
        </p>
        <label class={styles.by}>
          <span>{texts.colourBy}</span>
          <select
            value={colouring.value}
            onChange={(event) => {
              colouring.value = event.currentTarget.value as Colouring;
            }}
          >
            {COLOURINGS.map((each) => (
              <option key={each} value={each}>
                {measureName(each)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class={`${styles.panel} ${styles.tools}`} role="toolbar" aria-label={texts.tools} data-over-map>
        {MODES.map((each) => (
          <IconButton
            key={each}
            icon={ICONS[each]}
            label={texts.modes[each]}
            pressed={mode.value === each}
            onClick={() => {
              clearChoice();
              mode.value = each;
            }}
          />
        ))}
        <span class={styles.rule} />
        <IconButton icon={Plus} label={texts.zoomIn} onClick={() => zoomBy(1)} />
        <IconButton icon={Minus} label={texts.zoomOut} onClick={() => zoomBy(-1)} />
        <IconButton
          icon={Maximize}
          label={texts.whole}
          onClick={() => {
            const now = view.peek();
            if (now) zoomOut(index, now);
          }}
        />
        <IconButton
          icon={LocateFixed}
          label={texts.toPlaying}
          disabled={!playing}
          onClick={() => playing && showTrack(index, playing.id)}
        />
        <span class={styles.rule} />
        <IconButton
          icon={sound.value ? Volume2 : VolumeX}
          label={sound.value ? texts.soundOff : texts.soundOn}
          onClick={() => {
            sound.value = !sound.value;
          }}
        />
        <a class={styles.toList} href={href(["map"], { as: "list" })} aria-label={texts.asList} title={texts.asList}>
          <List size={20} aria-hidden="true" />
        </a>
      </div>
    </>
  );
}
