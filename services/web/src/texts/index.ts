/** The texts of the page in the chosen language. `t().nav.home` is reactive inside components. */

import { effect, signal } from "@preact/signals";
import { stored } from "../state/storage";
import { sayError } from "../state/toasts";
import { en } from "./en";

export type Texts = typeof en;

/** Every language, by its BCP 47 tag, with its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

/** A language other than English is loaded when it is chosen. */
const LOADERS: Record<Language, () => Promise<Texts>> = {
  en: async () => en,
  de: async () => (await import("./de")).de,
};

const isLanguage = (value: unknown): value is Language => typeof value === "string" && value in LANGUAGES;

function preferred(): Language {
  return navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";
}

export const language = stored<Language>("language", preferred(), isLanguage);

const texts = signal<Texts>(en);

/** Return the texts in the chosen language. */
export const t = (): Texts => texts.value;

/** Show the texts in the chosen language, now and whenever it changes. Resolves when the first ones are loaded. */
export function applyLanguage(): Promise<void> {
  return new Promise((resolve) => {
    effect(() => {
      const wanted = language.value;
      LOADERS[wanted]()
        .then((loaded) => {
          if (language.peek() !== wanted) return;
          texts.value = loaded;
          document.documentElement.lang = wanted;
        })
        .catch(sayError)
        .finally(resolve);
    });
  });
}

/** Format a number as the language writes it. */
export const formatNumber = (value: number, options?: Intl.NumberFormatOptions): string =>
  new Intl.NumberFormat(language.value, options).format(value);

/** Format a length, for example `4:05` or `1:02:03`. */
export function formatLength(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Format the length of many tracks, for example `3 h 12 min`. */
export function formatTotal(milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours ? `${formatNumber(hours)} h ${rest} min` : `${rest} min`;
}

/** Format a point in time relative to now, for example “3 days ago”. */
export function formatAgo(at: Date, now = new Date()): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.round(seconds), "second");
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** Format a time of day, for example `20:15`. */
export const formatTime = (at: Date): string => at.toLocaleTimeString(regional(), { timeStyle: "short" });

/** The chosen language as it is written in the region of the browser, for example `en-GB`. */
const regional = (): string =>
  navigator.languages.find((tag) => tag.split("-")[0] === language.value) ?? language.value;

/** Format a day: “today”, “yesterday”, or its date. */
export function formatDay(at: Date, now = new Date()): string {
  const midnight = (day: Date) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
  const text =
    days > -2
      ? new Intl.RelativeTimeFormat(language.value, { numeric: "auto" }).format(days, "day")
      : at.toLocaleDateString(regional(), { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
