import type { Reason } from "../state/entries";
import { inWords } from "../state/taste";
import { t } from "../texts";

/** Return a reason in words, such as “calm, piano · because you liked Peace”. */
export function reasonText(reason: Reason | null): string | null {
  if (reason === null) return null;
  const { label, because } = reason;
  const texts = t().radio.because;
  const cause = because && texts[because.kind](because.name);
  return [label === null || label === because?.name ? null : inWords(label), cause].filter(Boolean).join(" · ") || null;
}
