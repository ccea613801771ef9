/** The API key, if the service requires one. It is kept for this tab. */

import { signal } from "@preact/signals";
import { isTextOrNull, stored } from "./storage";

export const key = stored<string | null>("key", null, isTextOrNull, () => sessionStorage);

/** The open question for a key: how to answer it, and whether the last key was refused. */
export const keyQuestion = signal<{ wasRefused: boolean; answer: (given: string | null) => void } | null>(null);

let declined = false;
let asking: Promise<boolean> | null = null;

/** Ask for another key after `sent` was refused. Resolves to whether there is a key to try. A closed dialog stays closed. */
export function askForKey(sent: string | null): Promise<boolean> {
  if (key.value !== sent) return Promise.resolve(true); // another request got a key in the meantime
  if (declined) return Promise.resolve(false);
  asking ??= question(sent !== null).finally(() => {
    asking = null;
  });
  return asking;
}

function question(wasRefused: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    keyQuestion.value = {
      wasRefused,
      answer: (given) => {
        keyQuestion.value = null;
        if (given === null) declined = true;
        else key.value = given;
        resolve(given !== null);
      },
    };
  });
}
