/** Which songs the library shows, in which order, as the address says. */

import type { paths } from "../../api/schema";
import { formatOwnCondition, formatRange, measureName } from "../../texts/measures";

type ListQuery = NonNullable<paths["/v1/tracks"]["get"]["parameters"]["query"]>;
export type Sort = NonNullable<ListQuery["sort"]>;
export type Order = NonNullable<ListQuery["order"]>;

export interface Range {
  min?: number;
  max?: number;
}

export interface Songs {
  q: string;
  sort: Sort;
  order: Order;
  genre: string[];
  tags: string[];
  /** Conditions on own features, see `own.ts`. */
  own_features: string[];
  ranges: Record<string, Range>;
}

/** Fields with a slider, in the order of the panel. */
export const SLIDERS = [
  "energy",
  "valence",
  "danceability",
  "tempo",
  "acousticness",
  "instrumentalness",
  "speechiness",
  "liveness",
  "loudness",
  "brightness",
  "onset_rate",
  "flux",
  "mobility",
  "year",
  "duration_ms",
] as const satisfies readonly Sort[];

/** Fields with a few values, of which one is chosen. */
export const CHOICES = {
  key: Array.from({ length: 12 }, (_, key) => key),
  mode: [0, 1],
  time_signature: [3, 4],
} as const;

export const NAME_SORTS = ["artist", "title", "album", "added"] as const satisfies readonly Sort[];
export const SORTS: readonly Sort[] = [...NAME_SORTS, "year", "duration_ms", ...SLIDERS.slice(0, -2), "key"];

const FIELDS = [...SLIDERS, ...(Object.keys(CHOICES) as (keyof typeof CHOICES)[])];

/** Read an address. What makes no sense is left out, because people edit and shorten addresses. */
export function readSongs(query: URLSearchParams): Songs {
  const sort = query.get("sort") as Sort;
  const ranges: Record<string, Range> = {};
  for (const field of FIELDS) {
    const [min, max] = [numberOf(query, `min_${field}`), numberOf(query, `max_${field}`)];
    if ((min === undefined && max === undefined) || (min !== undefined && max !== undefined && min > max)) continue;
    ranges[field] = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  }
  return {
    q: query.get("q") ?? "",
    sort: SORTS.includes(sort) ? sort : "artist",
    order: query.get("order") === "desc" ? "desc" : "asc",
    genre: query.getAll("genre").filter(Boolean),
    tags: query.getAll("tags").filter(Boolean),
    own_features: query.getAll("own_features").filter(Boolean),
    ranges,
  };
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text !== null && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/** The request for a part of these songs. Missing files cannot be played, so they are not listed. */
export function requestFor(songs: Songs, offset: number, limit: number): ListQuery {
  const { q, sort, order, genre, tags, own_features, ranges } = songs;
  const ends = Object.entries(ranges).flatMap(([field, { min, max }]) => [
    ...(min === undefined ? [] : [[`min_${field}`, min]]),
    ...(max === undefined ? [] : [[`max_${field}`, max]]),
  ]);
  return {
    ...(q && { q }),
    ...(genre.length && { genre }),
    ...(tags.length && { tags }),
    ...(own_features.length && { own_features }),
    ...Object.fromEntries(ends),
    status: ["ready", "pending", "failed", "quarantined"],
    sort,
    order,
    offset,
    limit,
  } as ListQuery;
}

/** One condition, as a text, and the change of the address that removes it. */
export interface Condition {
  text: string;
  without: Record<string, string | readonly string[] | null>;
}

export function conditionsOf({ ranges, ...songs }: Songs): Condition[] {
  const names = (["genre", "tags", "own_features"] as const).flatMap((field) =>
    songs[field].map((name) => ({
      text: field === "own_features" ? formatOwnCondition(name) : name,
      without: { [field]: songs[field].filter((each) => each !== name) },
    })),
  );
  return [
    ...names,
    ...Object.entries(ranges).map(([field, range]) => ({
      text: formatRange(field, range),
      without: rangeChange(field),
    })),
  ];
}

/** The change of the address that sets a range, or removes it. */
export const rangeChange = (field: string, range: Range = {}): Record<string, string | null> => ({
  [`min_${field}`]: range.min === undefined ? null : String(range.min),
  [`max_${field}`]: range.max === undefined ? null : String(range.max),
});

/** The change of the address that removes every condition. */
export const withoutConditions = (songs: Songs): Record<string, string | readonly string[] | null> =>
  Object.assign(
    { genre: null, tags: null, own_features: null },
    ...Object.keys(songs.ranges).map((field) => rangeChange(field)),
  );

/** Add a value to a list, or remove it. */
export const toggled = (values: readonly string[], value: string): string[] =>
  values.includes(value) ? values.filter((each) => each !== value) : [...values, value];

export const sortName = (sort: Sort, names: Record<(typeof NAME_SORTS)[number], string>): string =>
  sort in names ? names[sort as keyof typeof names] : measureName(sort);

/** The distance between the values of a slider. */
const STEPS: Record<string, number> = {
  tempo: 1,
  loudness: 0.5,
  brightness: 50,
  onset_rate: 0.1,
  flux: 0.1,
  mobility: 0.1,
  year: 1,
  duration_ms: 5000,
};

export const stepOf = (field: string): number => STEPS[field] ?? 0.01;

/** The ends of a slider: those of the histogram, rounded outwards to whole steps. */
export function endsOf(field: string, low: number, high: number): [number, number] {
  const step = stepOf(field);
  return [tidy(Math.floor(low / step) * step), tidy(Math.ceil(high / step) * step)];
}

/** Remove what binary fractions add: 0.30000000000000004 is 0.3. */
export const tidy = (value: number): number => Number(value.toPrecision(12));
