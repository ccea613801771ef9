import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { current } from "../../state/queue";
import { regionName } from "../../state/taste";
import { t } from "../../texts";
import { besidePanel, type Point, scaleOf, toScreen } from "./geometry";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { clearChoice, flyTo, path, pathStart, regions, selection, shown, view } from "./state";
import { TrackCard } from "./TrackCard";

/** From this far above the zoom of the whole map, the regions of the second level are shown. */
const NEAR = 1.1;
const REGION_ZOOM = 1.6;

/** What lies on the map and moves with it: labels of regions, marks and the card of the shown track. */
export function Overlay({ index }: { index: MapIndex }) {
  const layer = useRef<HTMLDivElement>(null);
  // Without a component's update for each frame: the layer moves, and its children follow by its custom property.
  useSignalEffect(() => {
    const now = view.value;
    if (!now || !layer.current) return;
    const origin = toScreen(now, { x: 0, y: 0 });
    layer.current.style.transform = `translate(${origin.x}px, ${origin.y}px)`;
    layer.current.style.setProperty("--scale", String(scaleOf(now)));
    layer.current.dataset.near = String(now.zoom > index.whole(now).zoom + NEAR);
  });
  const playing = current.value && index.numberOf(current.value.id);
  const number = shown.value;
  return (
    <div class={styles.clip}>
      <div ref={layer} class={styles.layer}>
        <Regions index={index} />
        {path.value?.tracks.map(({ id }, step) => {
          const at = index.numberOf(id);
          return at === null ? null : (
            <Mark key={id} at={index.at(at)} class={styles.step}>
              {step + 1}
            </Mark>
          );
        })}
        {typeof playing === "number" && (
          <Mark at={index.at(playing)} class={styles.here}>
            <span class={styles.hereLabel}>{t().map.here}</span>
          </Mark>
        )}
        {pathStart.value !== null && <Mark at={index.at(pathStart.value)} class={styles.ring} />}
        {number !== null && number < index.count && (
          <>
            <Mark at={index.at(number)} class={styles.ring} />
            <TrackCard key={index.ids[number]} index={index} number={number} />
          </>
        )}
      </div>
    </div>
  );
}

function Mark({ at, class: look, children }: { at: Point; class: string | undefined; children?: ComponentChildren }) {
  return (
    <div class={`${styles.mark} ${look}`} style={{ "--x": at.x, "--y": at.y }}>
      {children}
    </div>
  );
}

function Regions({ index }: { index: MapIndex }) {
  return (
    <>
      {regions.value.map((region) => {
        const at = { x: region.x, y: region.y };
        return (
          <button
            key={`${region.level} ${region.label}`}
            type="button"
            class={`${styles.mark} ${styles.region}`}
            data-level={region.level}
            style={{ "--x": at.x, "--y": at.y }}
            onClick={() => {
              const now = view.peek();
              clearChoice();
              if (now) flyTo(at, Math.max(now.zoom, index.whole(now).zoom + REGION_ZOOM), besidePanel(now));
              selection.value = { title: regionName(region.label), numbers: index.nearestAll(at, region.tracks) };
            }}
          >
            {regionName(region.label)}
          </button>
        );
      })}
    </>
  );
}
