/** Data of the service that a view shows, with its loading and error states. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect } from "preact/hooks";
import { key } from "./key";
import { reachable } from "./reachable";

export interface Resource<T> {
  data: T | null;
  error: Error | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Load data when `dependencies` change. The last data stay visible while new data load. `load` gets a signal that
 * cancels the request when its result is no longer needed.
 */
export function useResource<T>(load: (cancelled: AbortSignal) => Promise<T>, dependencies: unknown[]): Resource<T> {
  const state = useSignal<{ data: T | null; error: Error | null; isLoading: boolean }>({
    data: null,
    error: null,
    isLoading: true,
  });
  const round = useSignal(0);
  useSignalEffect(() => {
    // What failed may succeed with another key, or now that the service responds again.
    key.value;
    if (reachable.value && state.peek().error) round.value = round.peek() + 1;
  });
  useEffect(() => {
    const control = new AbortController();
    state.value = { ...state.peek(), isLoading: true };
    load(control.signal).then(
      (data) => {
        if (!control.signal.aborted) state.value = { data, error: null, isLoading: false };
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        const shown = error instanceof Error ? error : new Error(String(error));
        state.value = { data: state.peek().data, error: shown, isLoading: false };
      },
    );
    return () => control.abort();
  }, [...dependencies, round.value]);
  const reload = useCallback(() => {
    round.value += 1;
  }, [round]);
  return { ...state.value, reload };
}
