/** Which tracks the listener liked, disliked or banned. */

import type { Verdict } from "./entries";
import { shared } from "./storage";

/** Verdicts that the browser remembers; the latest are kept. The service has all of them. */
const KEPT = 1000;

type Verdicts = Record<string, Verdict>;

const isVerdicts = (value: unknown): value is Verdicts => typeof value === "object" && value !== null;

const verdicts = shared<Verdicts>("verdicts", {}, isVerdicts);

export const verdictOf = (trackId: string): Verdict | null => verdicts.value[trackId] ?? null;

export function rememberVerdict(trackId: string, verdict: Verdict | null): void {
  const others = Object.entries(verdicts.value).filter(([id]) => id !== trackId);
  const kept = verdict === null ? others : [...others, [trackId, verdict] as const];
  verdicts.value = Object.fromEntries(kept.slice(-KEPT));
}
