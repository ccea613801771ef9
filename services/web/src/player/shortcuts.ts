/** Single keys that control the player, wherever the focus is. */

import { signal } from "@preact/signals";
import { href, navigate } from "../router";
import type { Verdict } from "../state/entries";
import { duration, muted, position, seek, volume } from "../state/playback";
import { previous, skip, togglePlay, verdict } from "../state/queue";
import { toggleQueue } from "../state/queuePanel";
import { current } from "../state/queueState";
import { focusSearchField } from "../state/searchBox";

const SEEK_SECONDS = 10;
const VOLUME_STEP = 0.05;

/** Whether the dialog with all shortcuts is open. */
export const helpOpen = signal(false);

/** What each action is called in `t().shortcuts`, and its keys. */
export const SHORTCUTS = [
  { action: "playPause", keys: [" "] },
  { action: "back", keys: ["ArrowLeft"] },
  { action: "forward", keys: ["ArrowRight"] },
  { action: "louder", keys: ["Shift+ArrowUp"] },
  { action: "softer", keys: ["Shift+ArrowDown"] },
  { action: "mute", keys: ["m"] },
  { action: "next", keys: ["j", "s"] },
  { action: "previous", keys: ["k"] },
  { action: "like", keys: ["l"] },
  { action: "ban", keys: ["b"] },
  { action: "search", keys: ["/"] },
  { action: "queue", keys: ["q"] },
  { action: "help", keys: ["?"] },
] as const;

export type Action = (typeof SHORTCUTS)[number]["action"];

const RUN: Record<Action, () => void> = {
  playPause: togglePlay,
  back: () => seek(position.peek() - SEEK_SECONDS),
  forward: () => seekForward(),
  louder: () => changeVolume(VOLUME_STEP),
  softer: () => changeVolume(-VOLUME_STEP),
  mute: () => {
    muted.value = !muted.peek();
  },
  next: skip,
  previous,
  like: () => rate("like"),
  ban: () => rate("ban"),
  search: focusSearch,
  queue: toggleQueue,
  help: () => {
    helpOpen.value = true;
  },
};

function seekForward(): void {
  const total = duration.peek();
  if (total !== null) seek(Math.min(position.peek() + SEEK_SECONDS, total));
}

function changeVolume(by: number): void {
  volume.value = Math.min(1, Math.max(0, Math.round((volume.peek() + by) * 100) / 100));
  muted.value = false;
}

function rate(given: Verdict): void {
  if (current.peek()) void verdict(current.peek() as NonNullable<typeof current.value>, given);
}

/** Put the focus into the search field, or go to the search where none is visible. */
function focusSearch(): void {
  if (!focusSearchField()) navigate(href(["search"]));
}

const TYPED_IN =
  "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
/** Controls that use arrow keys or the space bar themselves. */
const USES_ARROWS =
  "input, select, textarea, [role=menu] *, [role=slider], [role=listbox] *, [role=tablist] *, [role=grid] *";
const USES_SPACE = "button, a, input, select, textarea, summary, [role=menuitem], [tabindex='0']";

/** Whether the focused control needs the key itself. */
function belongsToControl(event: KeyboardEvent): boolean {
  const focused = event.target instanceof Element ? event.target : null;
  if (!focused) return false;
  if (focused.matches(TYPED_IN)) return true;
  if (event.key === " ") return focused.matches(USES_SPACE);
  return event.key.startsWith("Arrow") && focused.matches(USES_ARROWS);
}

/** Whether a key press is free for a shortcut: no control, dialog or browser function needs it. */
export function isFree(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  return !document.querySelector("dialog:modal") && !belongsToControl(event);
}

/** Arrow keys differ with Shift; without it, up and down scroll. */
const nameOf = ({ key, shiftKey }: KeyboardEvent): string =>
  shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : key;

/** Listen for shortcuts as long as the page is open. */
export function startShortcuts(): void {
  window.addEventListener("keydown", (event) => {
    if (!isFree(event)) return;
    const found = SHORTCUTS.find(({ keys }) => keys.some((key) => key === nameOf(event)));
    if (!found) return;
    event.preventDefault();
    RUN[found.action]();
  });
}
