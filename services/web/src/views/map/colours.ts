/** The colours of the points, and what the legend says about them. */

import type { Schemas } from "../../api/client";

export type Colouring = Schemas["MapValues"]["by"];

export const COLOURINGS: readonly Colouring[] = [
  "genre",
  "energy",
  "valence",
  "danceability",
  "acousticness",
  "instrumentalness",
  "tempo",
  "loudness",
  "brightness",
  "year",
  "artist",
  "album",
];

type Rgb = readonly [number, number, number];

export interface Palette {
  /** From low to high. */
  scale: readonly Rgb[];
  /** For names, the most frequent first. */
  names: readonly Rgb[];
  /** For further names, and where a value is unknown. */
  other: Rgb;
  path: Rgb;
}

export interface Coloured {
  by: Colouring;
  /** Red, green and blue of each point, 0 to 255. */
  colours: Uint8Array;
  /** The ends of the scale; null for names. */
  ends: { low: number; high: number } | null;
  /** The names that have a colour, with their number of points; empty for numbers. */
  names: { name: string; colour: Rgb; count: number }[];
  /** The number of points without a colour of their own. */
  others: number;
}

const SCALE_STEPS = 6;
const NAMES = 10;
/** The ends of a scale leave out this share of the values at each end, because a few extremes would hide the rest. */
const OUTSIDE = 0.02;

/** Read the palette of the theme from its tokens. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string): Rgb => toRgb(style.getPropertyValue(`--map-${name}`));
  return {
    scale: Array.from({ length: SCALE_STEPS }, (_, step) => read(`scale-${step + 1}`)),
    names: Array.from({ length: NAMES }, (_, number) => read(`name-${number + 1}`)),
    other: read("other"),
    path: read("path"),
  };
}

/** Read `#rrggbb`, or `#rgb`, which is what the build makes of a colour where it can. */
export function toRgb(hex: string): Rgb {
  const digits = hex.trim().slice(1);
  const number = Number.parseInt(digits.length === 3 ? digits.replace(/./g, "$&$&") : digits, 16) || 0;
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

export const cssOf = ([red, green, blue]: Rgb): string => `rgb(${red} ${green} ${blue})`;

/** Colour the points by their values. */
export function coloured({ by, names, values }: Schemas["MapValues"], palette: Palette): Coloured {
  return names === null ? byNumber(by, values, palette) : byName(by, names, values, palette);
}

function byNumber(by: Colouring, values: readonly (number | null)[], palette: Palette): Coloured {
  const known = Float64Array.from(values.filter((value) => value !== null)).sort();
  const low = known[Math.floor(OUTSIDE * known.length)] ?? 0;
  const high = known[Math.ceil((1 - OUTSIDE) * known.length) - 1] ?? 1;
  const span = high - low || 1;
  const colours = paint(values, (value) =>
    value === null ? palette.other : between(palette.scale, Math.min(1, Math.max(0, (value - low) / span))),
  );
  return { by, colours, ends: { low, high }, names: [], others: values.length - known.length };
}

function byName(
  by: Colouring,
  names: readonly string[],
  values: readonly (number | null)[],
  palette: Palette,
): Coloured {
  const counts = new Array<number>(palette.names.length).fill(0);
  let others = 0;
  const colours = paint(values, (value) => {
    const colour = value === null ? undefined : palette.names[value];
    if (value !== null && colour) counts[value] = (counts[value] ?? 0) + 1;
    else others += 1;
    return colour ?? palette.other;
  });
  const shown = names.slice(0, palette.names.length).map((name, number) => ({
    name,
    colour: palette.names[number] ?? palette.other,
    count: counts[number] ?? 0,
  }));
  return { by, colours, ends: null, names: shown, others };
}

function paint(values: readonly (number | null)[], colourOf: (value: number | null) => Rgb): Uint8Array {
  const colours = new Uint8Array(3 * values.length);
  for (const [number, value] of values.entries()) colours.set(colourOf(value), 3 * number);
  return colours;
}

/** Return the colour at a share of the scale from 0 to 1. */
export function between(scale: readonly Rgb[], share: number): Rgb {
  const place = share * (scale.length - 1);
  const [low, high] = [scale[Math.floor(place)], scale[Math.ceil(place)]];
  if (!low || !high) return [0, 0, 0];
  const rest = place - Math.floor(place);
  const mix = (channel: 0 | 1 | 2) => Math.round(low[channel] + (high[channel] - low[channel]) * rest);
  return [mix(0), mix(1), mix(2)];
}
