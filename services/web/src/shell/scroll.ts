/** Keeps where each page of the browser's history was scrolled to. A new page starts at its top. */

/** How long a page may take to become long enough again. */
const RESTORE_MS = 3000;

const places = new Map<string, number>();

const entryOf = (state: unknown): string | null =>
  typeof state === "object" && state !== null && "entry" in state && typeof state.entry === "string"
    ? state.entry
    : null;

/** Give the current entry of the history an identity, and return it. */
function currentEntry(): { entry: string; isNew: boolean } {
  const known = entryOf(history.state);
  if (known !== null) return { entry: known, isNew: false };
  const entry = crypto.randomUUID();
  history.replaceState({ entry }, "");
  return { entry, isNew: true };
}

/** Scroll an element to the top of new pages, and back to where pages were left. */
export function keepScroll(element: HTMLElement): () => void {
  let { entry } = currentEntry();
  let stop: () => void = () => undefined;
  const note = () => void places.set(entry, element.scrollTop);
  const change = () => {
    stop();
    const next = currentEntry();
    entry = next.entry;
    stop = restore(element, next.isNew ? 0 : (places.get(entry) ?? 0));
  };
  element.addEventListener("scroll", note, { passive: true });
  window.addEventListener("hashchange", change);
  return () => {
    stop();
    element.removeEventListener("scroll", note);
    window.removeEventListener("hashchange", change);
  };
}

/** Scroll to a place as soon as the content is long enough. Stops when the listener scrolls. */
function restore(element: HTMLElement, place: number): () => void {
  const end = performance.now() + RESTORE_MS;
  let frame = 0;
  const stop = () => {
    cancelAnimationFrame(frame);
    element.removeEventListener("wheel", stop);
    element.removeEventListener("touchstart", stop);
  };
  const step = () => {
    element.scrollTop = place;
    if (Math.abs(element.scrollTop - place) > 1 && performance.now() < end) frame = requestAnimationFrame(step);
    else stop();
  };
  element.addEventListener("wheel", stop, { passive: true });
  element.addEventListener("touchstart", stop, { passive: true });
  step();
  return stop;
}
