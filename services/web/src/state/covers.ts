/** Addresses of covers. */

import { base } from "../api/client";

// The helper "covers" removes this with its endpoint.
const HAS_COVERS = false;
const SIZES = [96, 320, 640];

/** Return the address of a cover that is sharp at `pixels` CSS pixels. */
export function coverAddress(of: { kind: "tracks" | "albums" | "artists"; id: string }, pixels: number): string | null {
  const wanted = pixels * window.devicePixelRatio;
  const size = SIZES.find((each) => each >= wanted) ?? SIZES.at(-1);
  if (!HAS_COVERS) return null;
  return `${base}/v1/${of.kind}/${encodeURIComponent(of.id)}/cover?size=${size}`;
}
