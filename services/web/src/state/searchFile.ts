/** The file that the search view searches with. It belongs to the address at which it was chosen. */

import { signal } from "@preact/signals";
import { href, navigate, route } from "../router";
import { t } from "../texts";
import { say } from "./toasts";

const chosen = signal<{ file: File; address: string } | null>(null);

export const isPicture = (file: File): boolean => file.type.startsWith("image/");
const isSound = (file: File): boolean => file.type.startsWith("audio/") || file.type === "application/ogg";

/** Return the file of the current address. */
export const searchedFile = (): File | null =>
  route.value && chosen.value?.address === location.hash ? chosen.value.file : null;

/** Show what fits a picture or sounds like a sound, in the search view. */
export function searchWithFile(file: File): void {
  if (!isPicture(file) && !isSound(file)) {
    say(t().search.wrongFile(file.name), { kind: "error" });
    return;
  }
  if (route.peek().path[0] !== "search") navigate(href(["search"]));
  chosen.value = { file, address: location.hash };
}

export function closeFile(): void {
  chosen.value = null;
}
