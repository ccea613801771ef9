/** Sizes and durations in words. */

import { formatNumber, t } from "../../texts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration, rounded to its largest unit: “3 minutes”. */
export function formatDuration(seconds: number): string {
  const texts = t().service.time;
  if (seconds < MINUTE) return texts.seconds;
  if (seconds < 90 * MINUTE) return texts.minutes(Math.round(seconds / MINUTE));
  if (seconds < 36 * HOUR) return texts.hours(Math.round(seconds / HOUR));
  return texts.days(Math.round(seconds / DAY));
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A number of bytes in its largest unit: “128 GB”, “0 MB”. */
export function formatBytes(bytes: number): string {
  const size = bytes ? Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3)) : UNITS.indexOf("megabyte");
  const value = bytes / 1000 ** size;
  const maximumFractionDigits = value < 10 && size > 0 ? 1 : 0;
  return formatNumber(value, {
    style: "unit",
    unit: UNITS[size] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits,
  });
}
