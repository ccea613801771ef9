/** A blind comparison: what there is to hear, what was heard, and the answer. */

import { computed, signal } from "@preact/signals";
import { ask, client, type Schemas } from "../api/client";
import { type Sound, stopPreview, togglePreview } from "./preview";
import { previewed } from "./previewed";

export type Comparison = Schemas["Comparison"];
export type Choice = Schemas["Choice"];
export type Outcome = Schemas["AnsweredComparison"] & { choice: Choice };

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

/** Play the highlight, all equally loud, or stop it. */
export function toggleExcerpt(sound: Sound): void {
  if (previewed.peek() !== sound.id) heard.value = new Set([...heard.peek(), sound.id]);
  togglePreview(sound, { isLevelled: true });
}
