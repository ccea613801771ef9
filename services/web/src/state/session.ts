/** Sign-in of people with the provider that the service names. */

import { signal } from "@preact/signals";
import { ask, base, client } from "../api/client";
import { EMPTY } from "./entries";
import { forgetKey } from "./key";
import { leaveListener } from "./listener";
import { queue, radio } from "./queueState";

/** Where people sign in. Null if they cannot, or before `findSignIn`. */
export const signInUrl = signal<string | null>(null);

/** Ask the service whether people can sign in. */
export async function findSignIn(): Promise<void> {
  signInUrl.value = (await ask(client.GET("/v1/session"))).start_url;
}

/** Go to the provider, and come back to a view of the page: to this one, or to the given one. */
export function signIn(view = location.hash || "#/"): void {
  if (signInUrl.peek()) location.assign(`${signInUrl.peek()}?view=${encodeURIComponent(view)}`);
}

/** End the session here and at the provider, and leave nothing of it to who uses this browser next. */
export async function signOut(): Promise<void> {
  const { provider_url } = await ask(client.DELETE("/v1/session"));
  queue.value = EMPTY;
  radio.value = null;
  leaveListener();
  forgetKey();
  location.assign(provider_url ?? `${base}/`);
}
