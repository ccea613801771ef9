import { signal } from "@preact/signals";

/** The id of the track of which an excerpt is heard. */
export const previewed = signal<string | null>(null);
