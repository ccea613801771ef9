/** The highlight of a track, or a shorter excerpt from the middle of it. It is not a listen: nothing is reported. */

import { computed, effect, signal } from "@preact/signals";
import { ask, client } from "../api/client";
import { route } from "../router";
import { mediaAddress, renewMediaToken } from "./media";
import { amplitudeOf, ducked, levelled, levelOf, muted, playing, volume } from "./playback";
import { previewed } from "./previewed";

/** What there is to hear. */
export interface Sound {
  id: string;
  /** LUFS. */
  loudness: number | null | undefined;
}

interface Options {
  /** At most so much of the highlight. */
  seconds?: number;
  /** As loud as every other, also if the listener does not want that elsewhere. */
  isLevelled?: boolean;
  /** Whether it ends when the player plays. Otherwise the player is softer meanwhile. */
  isAlone?: boolean;
}

/** How much of the excerpt was heard, from 0 to 1. */
export const previewShare = signal(0);

let audio: HTMLAudioElement | null = null;
let end: number | undefined;
let endsWhenPlaying = false;
/** Counts the excerpts, so that one that is still loaded does not start after it was stopped. */
let turn = 0;

effect(() => {
  if (playing.value && endsWhenPlaying) stopPreview();
});

const place = computed(() => route.value.path.join("/"));
effect(() => {
  place.value;
  stopPreview(); // what was listed there is not shown any more
});

/** Play the highlight of a track, or stop it. What the player plays is paused, because it would be heard too. */
export function togglePreview(sound: Sound, { isLevelled = false }: Pick<Options, "isLevelled"> = {}): void {
  if (previewed.peek() === sound.id) {
    stopPreview();
    return;
  }
  playing.value = false;
  void startPreview(sound, { isLevelled, isAlone: true });
}

/** Play an excerpt instead of the current one. */
export async function startPreview(sound: Sound, options: Options = {}): Promise<void> {
  const { seconds = Number.POSITIVE_INFINITY, isLevelled = false, isAlone = false } = options;
  stopPreview();
  const mine = turn;
  previewed.value = sound.id;
  endsWhenPlaying = isAlone;
  const params = { path: { track_id: sound.id } };
  const [part] = await Promise.all([
    ask(client.GET("/v1/tracks/{track_id}/highlight", { params })).catch(() => null),
    renewMediaToken().catch(() => undefined),
  ]);
  if (mine !== turn) return;
  const address = mediaAddress(`/v1/tracks/${encodeURIComponent(sound.id)}/audio`);
  if (!part || !address) return stopPreview();
  const length = Math.min(seconds, part.end - part.start);
  const start = (part.start + part.end - length) / 2;
  const level = isLevelled || levelled.peek() ? levelOf(sound.loudness) : 1;
  const element = new Audio(address);
  audio = element;
  element.volume = muted.peek() ? 0 : amplitudeOf(volume.peek()) * level;
  element.addEventListener("loadedmetadata", () => {
    element.currentTime = start;
  });
  element.addEventListener("timeupdate", () => {
    if (audio === element) previewShare.value = Math.min(1, Math.max(0, (element.currentTime - start) / length));
  });
  element.addEventListener("playing", () => {
    if (audio !== element) return;
    ducked.value = !isAlone;
    end ??= window.setTimeout(stopPreview, length * 1000);
  });
  for (const event of ["ended", "error"]) element.addEventListener(event, () => audio === element && stopPreview());
  // Until the listener has clicked once, the browser may refuse.
  element.play().catch(() => audio === element && stopPreview());
}

export function stopPreview(): void {
  turn++;
  clearTimeout(end);
  end = undefined;
  audio?.pause();
  audio?.removeAttribute("src");
  audio = null;
  endsWhenPlaying = false;
  previewed.value = null;
  previewShare.value = 0;
  ducked.value = false;
}
