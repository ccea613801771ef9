/** What was understood of a text, as parts that can be left out one by one. */

import type { Schemas } from "../../api/client";

type Understood = Schemas["Understood"];
type Range = { min?: number | null; max?: number | null };

/** A part of what was understood. `id` names it in the address. */
export type Part = { id: string } & (
  | { kind: "range"; field: string; range: Range }
  | { kind: "keyword"; field: string; value: string }
  | { kind: "excluded"; artist: string }
  | { kind: "target"; field: string; value: number }
  | { kind: "like"; track: string }
  | { kind: "less"; phrase: string }
  | { kind: "rest"; phrase: string }
);

/** Return the parts of what was understood, in the order in which they are shown. */
export function partsOf(understood: Understood): Part[] {
  const { rest, like, filters, exclude_artists, targets, less } = understood;
  return [
    ...(rest === null ? [] : [{ id: "rest", kind: "rest" as const, phrase: rest }]),
    ...like.map((track) => ({ id: `like:${track}`, kind: "like" as const, track })),
    ...Object.entries(filters).flatMap(([field, wanted]) => filterParts(field, wanted as Range | string[] | null)),
    ...exclude_artists.map((artist) => ({ id: `artist:${artist}`, kind: "excluded" as const, artist })),
    ...Object.entries(targets).flatMap(([field, value]) =>
      typeof value === "number" ? [{ id: `target:${field}`, kind: "target" as const, field, value }] : [],
    ),
    ...less.map((phrase) => ({ id: `less:${phrase}`, kind: "less" as const, phrase })),
  ];
}

function filterParts(field: string, wanted: Range | string[] | null | undefined): Part[] {
  if (!wanted) return [];
  if (!Array.isArray(wanted)) return [{ id: `filter:${field}`, kind: "range", field, range: wanted }];
  return wanted.map((value) => ({ id: `filter:${field}:${value}`, kind: "keyword", field, value }));
}

/** Return what was understood without the parts with these ids, to be sent back as a text of a request. */
export function without(understood: Understood, ids: ReadonlySet<string>): Schemas["WeightedTextIn"] {
  const kept = partsOf(understood).filter(({ id }) => !ids.has(id));
  const filters: Record<string, Range | string[]> = {};
  const targets: Record<string, number> = {};
  const result = {
    exclude_artists: [] as string[],
    like: [] as string[],
    less: [] as string[],
    rest: null as string | null,
  };
  for (const part of kept) {
    if (part.kind === "range") filters[part.field] = part.range;
    else if (part.kind === "keyword") filters[part.field] = [...((filters[part.field] as string[]) ?? []), part.value];
    else if (part.kind === "target") targets[part.field] = part.value;
    else if (part.kind === "excluded") result.exclude_artists.push(part.artist);
    else if (part.kind === "like") result.like.push(part.track);
    else if (part.kind === "less") result.less.push(part.phrase);
    else result.rest = part.phrase;
  }
  return { text: understood.text, weight: understood.weight, filters, targets, ...result };
}
