/** Move an entry of a list. */

/** Return the items with the one at `from` moved to `to`, counted without it. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const next = [...items];
  const [item] = next.splice(from, 1);
  if (item === undefined) return next;
  next.splice(Math.max(0, Math.min(to, next.length)), 0, item);
  return next;
}

/** Return where an item lies after it was dragged to `y` pixels below the start of the list. */
export function dropIndex(y: number, itemHeight: number, count: number): number {
  return Math.max(0, Math.min(count - 1, Math.floor(y / itemHeight)));
}
