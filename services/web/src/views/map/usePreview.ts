import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { startPreview, stopPreview } from "../../state/preview";
import type { MapIndex } from "./MapIndex";
import { shown, sound } from "./state";
import { trackOf } from "./tracks";

/** Long enough to tell what music is. */
const SECONDS = 10;

/** A pointer that crosses the map must not start a sound at every point. */
const DELAY_MS = 250;

/** Play the point that is shown, when it stays shown for a moment. */
export function usePreview(index: MapIndex): void {
  const held = useRef(index);
  held.current = index;
  useSignalEffect(() => {
    const number = shown.value;
    stopPreview();
    if (number === null || !sound.value) return;
    let isWanted = true;
    const timer = setTimeout(async () => {
      const track = await trackOf(held.current.ids[number] as string).catch(() => null);
      if (track && isWanted)
        startPreview({ id: track.id, loudness: track.descriptors?.loudness }, { seconds: SECONDS });
    }, DELAY_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  });
}
