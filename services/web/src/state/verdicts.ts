/** Which tracks the listener liked, disliked or banned. */

import type { Verdict } from "./entries";
import { listener } from "./listener";
import { shared } from "./storage";

/** Verdicts that the browser remembers; the latest are kept. The service has all of them. */
const KEPT = 1000;

type Verdicts = Record<string, Verdict>;

const isVerdicts = (value: unknown): value is Verdicts => typeof value === "object" && value !== null;

const verdicts = shared<Verdicts>("verdicts", {}, isVerdicts);

/** Each listener of this browser has verdicts of their own. A track id has no space. */
const nameOf = (trackId: string): string => `${trackId} ${listener.value ?? ""}`;

export const verdictOf = (trackId: string): Verdict | null => verdicts.value[nameOf(trackId)] ?? null;

export function rememberVerdict(trackId: string, verdict: Verdict | null): void {
  const others = Object.entries(verdicts.value).filter(([name]) => name !== nameOf(trackId));
  const kept = verdict === null ? others : [...others, [nameOf(trackId), verdict] as const];
  verdicts.value = Object.fromEntries(kept.slice(-KEPT));
}
