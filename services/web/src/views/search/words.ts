/** Puts into words what was understood and why a track was found. */

import type { Track } from "../../api/client";
import { t } from "../../texts";
import { formatMeasure, formatRange, measureName } from "../../texts/measures";
import type { Answer, Hit } from "./question";
import type { Part } from "./understood";

type Titles = ReadonlyMap<string, string>;

/** Return the text of the chip of a part. */
export function partText(part: Part, titles: Titles): string {
  const texts = t().search.parts;
  switch (part.kind) {
    case "range":
      return formatRange(part.field, part.range);
    case "keyword":
      return `${measureName(part.field)}: ${part.value}`;
    case "excluded":
      return texts.notBy(part.artist);
    case "target":
      return texts.about(measureName(part.field), formatMeasure(part.field, part.value));
    case "like":
      return texts.like(titles.get(part.track) ?? part.track);
    case "less":
      return texts.less(part.phrase);
    case "rest":
      return texts.rest(part.phrase);
  }
}

/** Return why a track was found, with its values of what the text limits. `moodTitle` names a mood preset. */
export function reasonText(hit: Hit, answer: Answer, moodTitle: (id: string) => string): string | null {
  const reason = causeText(hit, answer.titles, moodTitle);
  return [reason, ...valuesOf(hit.track, answer.understood?.filters ?? {})].filter(Boolean).join(" · ") || null;
}

/** Return the values of a track in the fields that filters limit to an interval. */
function valuesOf(track: Track, filters: object): string[] {
  const values: Record<string, unknown> = { ...track, ...track.descriptors, ...track.attributes };
  return Object.keys(filters).flatMap((field) => {
    const value = values[field];
    return typeof value === "number" && field !== "duration_ms" ? [describe(field, value)] : [];
  });
}

const describe = (field: string, value: number): string => {
  const text = formatMeasure(field, value);
  return text.endsWith("%") ? `${measureName(field)} ${text}` : text;
};

function causeText(hit: Hit, titles: Titles, moodTitle: (id: string) => string): string | null {
  const texts = t().search.reasons;
  if (hit.match !== "vibe") return texts[hit.match];
  if (hit.because === null) return null;
  const [, kind, name = ""] = hit.because.match(/^(words|mood):(.*)$/s) ?? [];
  if (kind === "words") return texts.words(name);
  if (kind === "mood") return texts.mood(moodTitle(name));
  const title = titles.get(hit.because);
  return title === undefined ? null : texts.track(title);
}
