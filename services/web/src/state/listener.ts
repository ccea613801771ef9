/** Who listens, and whether what plays is stored. */

import { computed, effect, signal } from "@preact/signals";
import { ask, client, type Schemas } from "../api/client";
import { key } from "./key";
import { reachable } from "./reachable";
import { isFlag, isTextOrNull, stored } from "./storage";

/** What the sender of requests may do. Null until the service told it. */
export const me = signal<Schemas["Me"] | null>(null);

/** Why `me` could not be loaded. */
export const meError = signal<Error | null>(null);

const chosen = stored<string | null>("listener", null, isTextOrNull);

/** The listener: the one that the key is bound to, or else the chosen one. Null before one is chosen. */
export const listener = computed(() => {
  const sender = me.value;
  if (sender === null) return chosen.value;
  if (!sender.scopes.includes("listen")) return null;
  if (sender.listener !== null) return sender.listener;
  const isAllowed = sender.listeners === null || sender.listeners.includes(chosen.value ?? "");
  return isAllowed ? chosen.value : null;
});

/** Whether nothing that plays is stored. It ends when the tab is closed. */
export const privateSession = stored("private", false, isFlag, () => sessionStorage);

/** The listener whose plays are stored: nobody in a private session. */
export const reportedListener = computed(() => (privateSession.value ? null : listener.value));

/** Whether another listener can be chosen. */
export const canSwitch = computed(
  () => me.value?.listener === null && me.value.scopes.includes("listen") && me.value.listeners?.length !== 1,
);

/** Keep a listener in this browser. */
export function chooseListener(name: string): void {
  chosen.value = name;
}

/** Forget the choice, for example after the listener was deleted. */
export function leaveListener(): void {
  chosen.value = null;
}

/** Ask the service what this browser may do. */
export async function loadMe(): Promise<void> {
  try {
    me.value = await ask(client.GET("/v1/me"));
    if (me.value.session) chosen.value ??= me.value.session.listener; // an owner can choose another one
    meError.value = null;
  } catch (error) {
    meError.value = error instanceof Error ? error : new Error(String(error));
  }
}

/** Load `me` now, and again whenever the key changes or the service can be reached again. */
export function watchMe(): void {
  effect(() => {
    key.value;
    if (reachable.value) void loadMe();
  });
}
