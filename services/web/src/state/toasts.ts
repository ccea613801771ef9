/** Short messages about what just happened, with an action to undo it. */

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "error";
  action?: { label: string; run: () => void } | undefined;
}

const SECONDS = { info: 6, error: 12 };

export const toasts = signal<Toast[]>([]);
let last = 0;

/** Show a message. It disappears by itself. */
export function say(text: string, options: { kind?: Toast["kind"]; action?: Toast["action"] } = {}): void {
  last += 1;
  const toast: Toast = { id: last, text, kind: options.kind ?? "info", action: options.action };
  toasts.value = [...toasts.value, toast].slice(-3);
  setTimeout(() => dismiss(toast.id), SECONDS[toast.kind] * 1000);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Show what went wrong with a request. Cancelled requests are no errors. */
export function sayError(error: unknown): void {
  if (error instanceof DOMException && error.name === "AbortError") return;
  say(error instanceof Error ? error.message : String(error), { kind: "error" });
}
