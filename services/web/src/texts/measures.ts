/** Values of the analysis, as people write them. */

import { formatLength, formatNumber, t } from ".";

const PITCHES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

export type Measure = keyof ReturnType<typeof t>["measures"];

/** Return the name of a field of the filters; a field without a name of its own is returned as it is. */
export const measureName = (field: string): string => t().measures[field as Measure] ?? field;

/** Format a value of a field with its unit, for example `120 BPM`, `A♭` or `35 %`. */
export function formatMeasure(field: string, value: number): string {
  const units = t().units;
  switch (field) {
    case "year":
      return String(value);
    case "duration_ms":
      return formatLength(value);
    case "tempo":
      return units.tempo(formatNumber(value, { maximumFractionDigits: 0 }));
    case "loudness":
      return units.loudness(formatNumber(value, { maximumFractionDigits: 1 }));
    case "brightness":
      return units.brightness(formatNumber(value, { maximumFractionDigits: 0 }));
    case "onset_rate":
      return units.onsetRate(formatNumber(value, { maximumFractionDigits: 1 }));
    case "key":
      return PITCHES[value] ?? units.noKey;
    case "mode":
      return value === 0 ? units.minor : units.major;
    case "time_signature":
      return units.beats(value);
    case "flux":
    case "mobility":
      return formatNumber(value, { maximumFractionDigits: 1 });
    default:
      return formatNumber(value, { style: "percent", maximumFractionDigits: 0 });
  }
}

/** Format the value of an own feature. */
export function formatOwn(value: number | boolean | string): string {
  if (typeof value === "boolean") return value ? t().details.yes : t().details.no;
  return typeof value === "number" ? formatNumber(value, { maximumSignificantDigits: 6 }) : value;
}

/** Format an interval, for example `Tempo: 80 BPM to 120 BPM`. */
export function formatRange(field: string, { min, max }: { min?: number | null; max?: number | null }): string {
  const name = measureName(field);
  const [low, high] = [min, max].map((end) => (end === null || end === undefined ? null : formatMeasure(field, end)));
  if (low !== null && low === high) return t().ranges.exactly(name, low as string);
  if (low && high) return t().ranges.between(name, low, high);
  return low ? t().ranges.from(name, low) : t().ranges.upTo(name, high ?? "");
}

/** Format a condition on an own feature, for example `mine.energy: at least 0.5` for `mine.energy:0.5..`. */
export function formatOwnCondition(condition: string): string {
  const [name = "", ...rest] = condition.split(":");
  const value = rest.join(":");
  if (value === "true" || value === "false") return t().ranges.exactly(name, formatOwn(value === "true"));
  const [low, high] = value.split("..");
  if (high === undefined) return t().ranges.exactly(name, value);
  if (low && high) return t().ranges.between(name, low, high);
  return low ? t().ranges.from(name, low) : t().ranges.upTo(name, high);
}
