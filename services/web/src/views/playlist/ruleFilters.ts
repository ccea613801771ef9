/** The filters of rules, in the form of the library's filter panel. */

import type { PlaylistRules } from "../../state/playlists";
import { t } from "../../texts";
import { formatOwnCondition, formatRange } from "../../texts/measures";
import type { Range, Songs } from "../library/songs";

export type Chosen = Pick<Songs, "genre" | "tags" | "own_features" | "ranges">;
type Filters = PlaylistRules["filters"];

/** Return what the filters of rules choose. */
export function chosenOf(filters: Filters): Chosen {
  const { genre = [], tags = [], own_features = [] } = filters ?? {};
  const ranges = Object.entries(filters ?? {}).filter(([, value]) => !Array.isArray(value));
  return { genre, tags, own_features, ranges: Object.fromEntries(ranges) as Record<string, Range> };
}

/** Return the filters with one of them changed. Those that choose nothing are left out. */
export function changedFilters(filters: Filters, field: string, value: string[] | Range): Filters {
  const isEmpty = Array.isArray(value) ? value.length === 0 : value.min === undefined && value.max === undefined;
  const { [field as keyof NonNullable<Filters>]: _old, ...others } = filters ?? {};
  const next = isEmpty ? others : { ...others, [field]: value };
  return Object.keys(next).length ? next : null;
}

/** One condition of the filters, as a text, and the filters without it. */
export interface RuleCondition {
  text: string;
  without: Filters;
}

export function ruleConditions(filters: Filters): RuleCondition[] {
  return Object.entries(filters ?? {}).flatMap(([field, value]) =>
    Array.isArray(value)
      ? value.map((name) => ({
          text: nameOf(field, name),
          without: changedFilters(
            filters,
            field,
            value.filter((each) => each !== name),
          ),
        }))
      : [{ text: formatRange(field, value as Range), without: changedFilters(filters, field, {}) }],
  );
}

function nameOf(field: string, name: string): string {
  if (field === "own_features") return formatOwnCondition(name);
  return field === "exclude_genre" ? t().playlists.notGenre(name) : name;
}
