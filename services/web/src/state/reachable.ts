/** Whether the service responds. While it does not, the page asks again and again, and goes on by itself. */

import { signal } from "@preact/signals";

export const reachable = signal(true);

/** The service checks nothing to answer this, so it answers whenever its process runs. */
const address = new URL("healthz", document.baseURI.split("#")[0]).href;

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;
const TIMEOUT_MS = 5000;

let timer: number | undefined;
let pause = FIRST_MS;

/** Record that the service did not respond, and ask until it does. */
export function reportAway(): void {
  reachable.value = false;
  clearTimeout(timer);
  timer = window.setTimeout(probe, pause);
  pause = Math.min(LONGEST_MS, 2 * pause);
}

/** Record that the service responded. */
export function reportBack(): void {
  clearTimeout(timer);
  pause = FIRST_MS;
  reachable.value = true;
}

/** Ask now whether the service responds. */
export async function probe(): Promise<void> {
  try {
    const { ok } = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (ok) reportBack();
    else reportAway();
  } catch {
    reportAway();
  }
}

/** Resolves when the service responds again, or when `cancelled`. */
export function whenReachable(cancelled: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (reachable.peek() || cancelled.aborted) return resolve();
    const end = reachable.subscribe((isReachable) => isReachable && finish());
    cancelled.addEventListener("abort", finish, { once: true });
    function finish() {
      queueMicrotask(() => end());
      resolve();
    }
  });
}
