/* The API key, where the service wants one: asked for once, kept while this tab lives. */

import { say } from "./elements.js";

const KEY = "segue.key";
const place = (id) => document.getElementById(id);

let key = read();
let refused = false;
let asking = null;

export const currentKey = () => key;
export const hasKey = () => key !== null;
export const keyHeaders = () => (key === null ? {} : { Authorization: `Bearer ${key}` });

/** Ask for another key than the one that was sent; whether there is one to try now. Whoever closes the question is not asked again. */
export function askForKey(sent) {
  if (key !== sent) return Promise.resolve(true); // another request has asked meanwhile
  if (refused) return Promise.resolve(false);
  asking ??= show().finally(() => (asking = null));
  return asking;
}

function show() {
  const dialog = place("key-dialog");
  say(place("key-message"), key === null ? "" : "This key is wrong, or it was revoked.", "error");
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
    dialog.onclose = () => end(""); // by the Escape key
  });
}

function keep(given) {
  key = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // Storage is off: the key then lasts until the page is left.
  }
}

function read() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
