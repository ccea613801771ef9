/** A blind comparison: what there is to hear, what was heard, and the answer. */

import { computed, signal } from "@preact/signals";
import { ask, client, type Schemas } from "../api/client";
import { playing } from "./playback";
import { previewed, type Sound, startPreview, stopPreview } from "./preview";

export type Comparison = Schemas["Comparison"];
export type Choice = Schemas["Choice"];
export type Outcome = Schemas["AnsweredComparison"] & { choice: Choice };

/** Long enough to judge a piece, short enough to answer a dozen in a row. */
const EXCERPT_SECONDS = 30;

export const comparison = signal<Comparison | null>(null);
export const outcome = signal<Outcome | null>(null);
export const problem = signal<Error | null>(null);
const heard = signal<ReadonlySet<string>>(new Set());

/** Whether both tracks were heard and there is no answer yet. */
export const mayAnswer = computed(() => {
  const { first, second } = comparison.value ?? {};
  if (!first || !second || outcome.value) return false;
  return heard.value.has(first.id) && heard.value.has(second.id);
});

/** Get the next comparison. */
export async function nextComparison(user: string): Promise<void> {
  stopPreview();
  comparison.value = null;
  outcome.value = null;
  problem.value = null;
  heard.value = new Set();
  try {
    comparison.value = await ask(client.POST("/v1/users/{user}/comparisons", { params: { path: { user } } }));
  } catch (error) {
    problem.value = error instanceof Error ? error : new Error(String(error));
  }
}

/** Send the answer, and get the names of the two tracks. */
export async function answer(user: string, choice: Choice): Promise<void> {
  const asked = comparison.peek();
  if (!asked || !mayAnswer.peek()) return;
  stopPreview();
  const path = { user, comparison_id: asked.id };
  const found = await ask(
    client.PUT("/v1/users/{user}/comparisons/{comparison_id}", { params: { path }, body: { choice } }),
  );
  if (comparison.peek()?.id === asked.id) outcome.value = { ...found, choice };
}

/** Play an excerpt, all equally loud, or stop it. What the player plays is paused, because it would be heard too. */
export function toggleExcerpt(sound: Sound): void {
  if (previewed.peek() === sound.id) {
    stopPreview();
    return;
  }
  playing.value = false;
  heard.value = new Set([...heard.peek(), sound.id]);
  void startPreview(sound, { seconds: EXCERPT_SECONDS, isLevelled: true });
}
