import type { Reason } from "../state/entries";
import { capitalised, translated } from "../state/taste";
import { t } from "../texts";

/** Return a reason in words, such as “Because you liked Peace · calm, piano”. */
export function reasonText(reason: Reason | null): string | null {
  if (reason === null) return null;
  const { label, because } = reason;
  const texts = t().radio.because;
  const cause = because && texts[because.kind](because.name);
  const kind = label === null || label === because?.name ? null : translated(label);
  return capitalised([cause, kind].filter(Boolean).join(" · ")) || null;
}
