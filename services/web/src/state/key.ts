/** The API key, if the service requires one. It is kept for this tab, or in this browser if the listener wants that. */

import { signal } from "@preact/signals";
import { route, setQuery } from "../router";
import { isTextOrNull, stored } from "./storage";

const remembered = stored<string | null>("remembered-key", null, isTextOrNull);
export const key = stored<string | null>("key", null, isTextOrNull, () => sessionStorage);
key.value ??= remembered.peek();

/** Use the key that an address contains, as links of invitations do, and take it out of the address. */
export function takeKey(): void {
  const given = route.peek().query.get("key");
  if (given === null) return;
  key.value = given;
  setQuery({ key: null });
}

/** The open question for a key: how to answer it, and whether the last key was refused. */
export const keyQuestion = signal<{
  wasRefused: boolean;
  answer: (given: string | null, keep?: boolean) => void;
} | null>(null);

/** Whether to ask for a key although people can sign in. */
export const wantsKey = signal(false);

/** Whether the listener closed the question. It is not asked again by itself. */
export const declined = signal(false);

let asking: Promise<boolean> | null = null;

/** Ask for another key after `sent` was refused. Resolves to whether there is a key to try. A closed dialog stays closed. */
export function askForKey(sent: string | null): Promise<boolean> {
  if (key.value !== sent) return Promise.resolve(true); // another request got a key in the meantime
  if (declined.peek()) return Promise.resolve(false);
  asking ??= question(sent !== null).finally(() => {
    asking = null;
  });
  return asking;
}

/** Ask again after the question was closed. */
export function enterKey(): void {
  declined.value = false;
  wantsKey.value = true;
  void askForKey(key.peek());
}

/** Forget the key in this browser; the next request asks for one. */
export function forgetKey(): void {
  remembered.value = null;
  key.value = null;
}

function question(wasRefused: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    keyQuestion.value = {
      wasRefused,
      answer: (given, keep = false) => {
        keyQuestion.value = null;
        wantsKey.value = false;
        if (given === null) declined.value = true;
        else {
          key.value = given;
          remembered.value = keep ? given : null;
        }
        resolve(given !== null);
      },
    };
  });
}
