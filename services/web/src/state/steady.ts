/** Keeps what a part of the page shows while the pointer is on it, so that nothing changes before a click. */

import { useRef, useState } from "preact/hooks";

interface Steady<T> {
  /** The latest value, or while the pointer is there, the one that it found. */
  shown: T;
  /** Tells whether the pointer is there. */
  onPoint: (isThere: boolean) => void;
}

/** Return the latest value that was given while the pointer was elsewhere. */
export function useSteady<T>(latest: T): Steady<T> {
  const [isPointed, setPointed] = useState(false);
  const held = useRef(latest);
  if (!isPointed || held.current === null) held.current = latest;
  return { shown: held.current, onPoint: setPointed };
}
