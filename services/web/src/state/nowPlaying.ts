/** What plays elsewhere, and telling the service what plays here. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { ask, client, type Schemas } from "../api/client";
import { listener, reportedListener } from "./listener";
import { isPlayer, playing } from "./playback";
import { current, currentEntry } from "./queueState";

export type Playing = Schemas["Playing"];

/** What the listeners that this browser may reach play, latest first. */
export const nowPlaying = signal<readonly Playing[]>([]);

/** The name of this page among players. */
const CLIENT = "Segue";

/** The same without what this browser plays. While this tab plays, the service may still show its last track. */
export const playingElsewhere = computed(() => {
  const isOwn = (each: Playing) =>
    each.client === CLIENT &&
    each.listener === listener.value &&
    ((isPlayer.value && playing.value) || each.track_id === current.value?.id);
  return nowPlaying.value.filter((each) => !isOwn(each));
});

/** Load what plays, for pages without an event stream. It stays as it is if the broker does not respond. */
export async function loadNowPlaying(options: { signal?: AbortSignal }): Promise<void> {
  const found = await ask(client.GET("/v1/now-playing", options)).catch(() => null);
  if (found) nowPlaying.value = found.playing;
}

/** Tell the service what starts and what stops in this tab. Nothing is told in a private session. */
export function tellWhatPlays(): void {
  let told: string | null = null;
  effect(() => {
    const user = reportedListener.value;
    const entry = isPlayer.value && playing.value ? currentEntry.value : null;
    const now = entry && user !== null ? `${entry.id} ${user}` : null;
    if (now === told) return;
    told = now;
    untracked(() => {
      if (entry && user !== null) tell(user, entry.track.id);
      else stop();
    });
  });
  window.addEventListener("pagehide", () => {
    if (shownFor !== null) void clear(shownFor, { keepalive: true });
    shownFor = told = null;
  });
}

/** Whose track the service shows because of this tab. */
let shownFor: string | null = null;
/** The last request. The next one waits for it, so that they arrive in their order. */
let last: Promise<unknown> = Promise.resolve();

function tell(user: string, trackId: string): void {
  if (shownFor !== user) stop();
  shownFor = user;
  const body = { track_id: trackId, client: CLIENT };
  // What plays is shown for minutes only, so a request that fails is not repeated.
  const send = () => ask(client.PUT("/v1/users/{user}/now-playing", { params: { path: { user } }, body }));
  last = last.then(send).catch(() => undefined);
}

function stop(): void {
  const user = shownFor;
  shownFor = null;
  if (user !== null) last = last.then(() => clear(user));
}

async function clear(user: string, options: { keepalive?: boolean } = {}): Promise<void> {
  const params = { path: { user } };
  await ask(client.DELETE("/v1/users/{user}/now-playing", { params, ...options })).catch(() => undefined);
}
