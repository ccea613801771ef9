/** Puts into words what was understood and why a track was found. */

import { t } from "../../texts";
import { formatMeasure, formatRange, measureName } from "../../texts/measures";
import type { Hit } from "./question";
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

/** Return why a track was found. `moodTitle` gives the title of a mood preset. */
export function reasonText(hit: Hit, titles: Titles, moodTitle: (id: string) => string): string | null {
  const texts = t().search.reasons;
  if (hit.match === "title") return texts.title;
  if (hit.match === "artist") return texts.artist;
  if (hit.because === null) return null;
  const [, kind, name = ""] = hit.because.match(/^(words|mood):(.*)$/s) ?? [];
  if (kind === "words") return texts.words(name);
  if (kind === "mood") return texts.mood(moodTitle(name));
  const title = titles.get(hit.because);
  return title === undefined ? null : texts.track(title);
}
