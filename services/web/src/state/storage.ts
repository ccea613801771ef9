/** Values that the browser keeps. Storage can be disabled or full: then a value lasts until the page is left. */

import { effect, type Signal, signal } from "@preact/signals";

/**
 * A signal whose value is kept in the browser under `segue.NAME` as soon as it is changed. `isValid` rejects what another
 * version stored.
 */
export function stored<T>(
  name: string,
  initial: T,
  isValid: (value: unknown) => value is T,
  storage: () => Storage = () => localStorage,
): Signal<T> {
  const kept = signal(read(name, initial, isValid, storage));
  let latest = kept.peek();
  effect(() => {
    const { value } = kept;
    if (value === latest) return;
    latest = value;
    try {
      storage().setItem(`segue.${name}`, JSON.stringify(value));
    } catch {
      // The value lasts until the page is left.
    }
  });
  return kept;
}

/** As `stored`, and the other tabs of this browser see every change. */
export function shared<T>(name: string, initial: T, isValid: (value: unknown) => value is T): Signal<T> {
  const kept = stored(name, initial, isValid);
  window.addEventListener("storage", (event) => {
    if (event.key === `segue.${name}`) kept.value = read(name, initial, isValid, () => localStorage);
  });
  return kept;
}

function read<T>(name: string, initial: T, isValid: (value: unknown) => value is T, storage: () => Storage): T {
  try {
    const value: unknown = JSON.parse(storage().getItem(`segue.${name}`) ?? "null");
    return isValid(value) ? value : initial;
  } catch {
    return initial;
  }
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);
export const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
