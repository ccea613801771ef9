/** Addresses of covers. */

import { mediaAddress } from "./media";

/** What a cover belongs to. */
export interface CoverOwner {
  kind: "tracks" | "albums" | "artists";
  id: string;
}

const SIZES = [96, 320, 640];

/** Return the address of a cover that is sharp at `pixels` CSS pixels. Null until there is a media token. */
export function coverAddress({ kind, id }: CoverOwner, pixels: number): string | null {
  const wanted = pixels * window.devicePixelRatio;
  const size = SIZES.find((each) => each >= wanted) ?? SIZES.at(-1);
  return mediaAddress(`/v1/${kind}/${encodeURIComponent(id)}/cover?size=${size}`);
}
