/** Addresses of audio and covers for elements, which cannot send a key but accept a media token. */

import { effect, signal } from "@preact/signals";
import { ask, base, client } from "../api/client";
import { key } from "./key";

interface Token {
  /** Null if the service requires no key. */
  token: string | null;
  /** Milliseconds since 1970. */
  expires: number;
}

/** A token is renewed this long before it expires. */
const MARGIN_MS = 5 * 60_000;

const held = signal<Token | null>(null);
let asking: Promise<void> | null = null;

effect(() => {
  key.value;
  held.value = null; // it belonged to another key
});

/** Get a media token, unless the one at hand is still valid. With `force`, get another one in any case. */
export function renewMediaToken(force = false): Promise<void> {
  if (!force && held.peek() && Date.now() < (held.peek()?.expires ?? 0)) return Promise.resolve();
  asking ??= ask(client.POST("/v1/media-tokens"))
    .then(({ token, expires_at }) => {
      const expires = expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at) - MARGIN_MS;
      held.value = { token, expires };
    })
    .finally(() => {
      asking = null;
    });
  return asking;
}

/** Return the full address of a path such as `/v1/tracks/ID/audio`, with the token. Null until there is a token. */
export function mediaAddress(path: string): string | null {
  if (held.value === null) return null;
  const { token } = held.value;
  if (token === null) return base + path;
  return `${base}${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}
