/** An excerpt from the middle of a track. It is not a listen: nothing is reported. */

import { signal } from "@preact/signals";
import { mediaAddress, renewMediaToken } from "./media";
import { amplitudeOf, ducked, levelled, levelOf, muted, volume } from "./playback";

/** What there is to hear. */
export interface Sound {
  id: string;
  /** LUFS. */
  loudness: number | null | undefined;
}

/** Long enough to tell what music is. */
const SECONDS = 10;

/** The id of the track that is heard. */
export const previewed = signal<string | null>(null);

/** How much of the excerpt was heard, from 0 to 1. */
export const previewShare = signal(0);

let audio: HTMLAudioElement | null = null;
let end: number | undefined;

/** Play an excerpt instead of the current one, as loud as every other if `isLevelled` or if the listener wants that. */
export async function startPreview(sound: Sound, { seconds = SECONDS, isLevelled = false } = {}): Promise<void> {
  stopPreview();
  previewed.value = sound.id;
  await renewMediaToken().catch(() => undefined);
  const address = mediaAddress(`/v1/tracks/${encodeURIComponent(sound.id)}/audio`);
  if (previewed.peek() !== sound.id || !address) return;
  const level = isLevelled || levelled.peek() ? levelOf(sound.loudness) : 1;
  const element = new Audio(address);
  audio = element;
  element.volume = muted.peek() ? 0 : amplitudeOf(volume.peek()) * level;
  let start = 0;
  element.addEventListener("loadedmetadata", () => {
    start = Math.max(0, (element.duration - seconds) / 2);
    element.currentTime = start;
  });
  element.addEventListener("timeupdate", () => {
    if (audio === element) previewShare.value = Math.min(1, Math.max(0, (element.currentTime - start) / seconds));
  });
  element.addEventListener("playing", () => {
    if (audio !== element) return;
    ducked.value = true;
    end ??= window.setTimeout(stopPreview, seconds * 1000);
  });
  for (const event of ["ended", "error"]) element.addEventListener(event, () => audio === element && stopPreview());
  // Until the listener has clicked once, the browser may refuse.
  element.play().catch(() => audio === element && stopPreview());
}

export function stopPreview(): void {
  clearTimeout(end);
  end = undefined;
  audio?.pause();
  audio?.removeAttribute("src");
  audio = null;
  previewed.value = null;
  previewShare.value = 0;
  ducked.value = false;
}
