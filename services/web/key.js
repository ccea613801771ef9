/* The API key, if the service requires one. It is kept for this tab. */

import { say } from "./elements.js";

const KEY = "segue.key";
const place = (id) => document.getElementById(id);

let key = read();
let refused = false;
let asking = null;

export const currentKey = () => key;
export const hasKey = () => key !== null;
export const keyHeaders = () => (key === null ? {} : { Authorization: `Bearer ${key}` });

/** Ask for another key after `sent` was refused. Resolves to whether there is a key to try. A closed dialog is not shown again. */
export function askForKey(sent) {
  if (key !== sent) return Promise.resolve(true); // another request got a key in the meantime
  if (refused) return Promise.resolve(false);
  asking ??= show().finally(() => (asking = null));
  return asking;
}

function show() {
  const dialog = place("key-dialog");
  say(place("key-message"), key === null ? "" : "This key is wrong or was revoked.", "error");
  place("key-text").value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (given) => {
      place("key-form").onsubmit = place("key-close").onclick = dialog.onclose = null;
      dialog.close();
      if (given) keep(given);
      else refused = true;
      resolve(Boolean(given));
    };
    place("key-form").onsubmit = (event) => {
      event.preventDefault();
      end(place("key-text").value.trim());
    };
    place("key-close").onclick = () => end("");
    dialog.onclose = () => end(""); // the Escape key closes the dialog
  });
}

function keep(given) {
  key = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // Storage is disabled: the key is kept until the page is left.
  }
}

function read() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
