/** Ten seconds from the middle of a track, to hear what a point is. It is not a listen: nothing is reported. */

import { signal } from "@preact/signals";
import type { Track } from "../../api/client";
import { mediaAddress, renewMediaToken } from "../../state/media";
import { amplitudeOf, ducked, levelled, levelOf, muted, volume } from "../../state/playback";

const SECONDS = 10;

/** The id of the track that is heard. */
export const previewed = signal<string | null>(null);

let audio: HTMLAudioElement | null = null;
let end: number | undefined;

export async function startPreview(track: Track): Promise<void> {
  stopPreview();
  previewed.value = track.id;
  await renewMediaToken().catch(() => undefined);
  const address = mediaAddress(`/v1/tracks/${encodeURIComponent(track.id)}/audio`);
  if (previewed.peek() !== track.id || !address) return;
  const level = levelled.peek() ? levelOf(track.descriptors?.loudness) : 1;
  const element = new Audio(address);
  audio = element;
  element.volume = muted.peek() ? 0 : amplitudeOf(volume.peek()) * level;
  element.addEventListener("loadedmetadata", () => {
    element.currentTime = Math.max(0, (element.duration - SECONDS) / 2);
  });
  element.addEventListener("playing", () => {
    if (audio !== element) return;
    ducked.value = true;
    end ??= window.setTimeout(stopPreview, SECONDS * 1000);
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
  ducked.value = false;
}
