/** What the audio does: playing or paused, position, volume. The engine in `player/engine.ts` follows these signals. */

import { computed, signal } from "@preact/signals";
import { newId } from "./entries";
import { isFlag, isNumber, isTextOrNull, shared, stored } from "./storage";

/** Whether the listener wants to hear something. */
export const playing = signal(false);
/** Whether the engine waits for data. */
export const buffering = signal(false);
/** Position in the current track in seconds. */
export const position = signal(0);
/** Length of the current track in seconds, as soon as the browser knows it. */
export const duration = signal<number | null>(null);
/** How much of the current entry was played, in milliseconds. Seeking does not count. */
export const heard = signal(0);

/** The position that the engine must go to. Each request is an object of its own, so that it is never missed. */
export const seekRequest = signal<{ seconds: number } | null>(null);

/** Go to a position of the current track. */
export function seek(seconds: number): void {
  const target = Math.max(0, Math.min(seconds, duration.peek() ?? seconds));
  position.value = target;
  seekRequest.value = { seconds: target };
}

export const volume = stored("volume", 1, isNumber);
export const muted = stored("muted", false, isFlag);
/** Whether the player is softer because something else is heard for a moment. */
export const ducked = signal(false);
/** Whether loud tracks are played softer, so that all sound equally loud. */
export const levelled = stored("levelled", true, isFlag);

interface Place {
  entry: string;
  seconds: number;
  heard: number;
}

const isPlace = (value: unknown): value is Place =>
  typeof value === "object" && value !== null && "entry" in value && "seconds" in value && "heard" in value;

/** Where the current entry was last, to continue there after a reload. */
export const place = shared<Place | null>(
  "place",
  null,
  (value): value is Place | null => value === null || isPlace(value),
);

/** The tab that plays. A tab that starts to play takes over, and the other one pauses. */
const player = shared<string | null>("player", null, isTextOrNull);
const THIS_TAB = newId();

export const isPlayer = computed(() => player.value === THIS_TAB);

/** Make this tab the one that plays. */
export function takeOver(): void {
  player.value = THIS_TAB;
}

/** Make this tab the one that plays unless another one is. */
export function takeOverIfFree(): void {
  if (player.value === null) takeOver();
}

/** Let another tab take over without a conflict. */
export function giveUp(): void {
  if (isPlayer.value) player.value = null;
}

/** −18 LUFS is the reference of ReplayGain 2. Most music is louder. */
const REFERENCE_LUFS = -18;

/**
 * Return the factor on the amplitude that brings a track of this loudness to the reference. It is at most 1: a quiet
 * track is not raised, because its peaks could clip.
 */
export function levelOf(loudness: number | null | undefined): number {
  return loudness === null || loudness === undefined ? 1 : Math.min(1, 10 ** ((REFERENCE_LUFS - loudness) / 20));
}

/** Return the amplitude of a slider's position from 0 to 1. Hearing is roughly logarithmic. */
export const amplitudeOf = (slider: number): number => slider ** 3;
