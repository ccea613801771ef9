/** The theme of the page: the system's, dark or light. */

import { effect, signal } from "@preact/signals";
import { stored } from "./storage";

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const isTheme = (value: unknown): value is Theme => THEMES.some((theme) => theme === value);

export const theme = stored<Theme>("theme", "system", isTheme);

const light = window.matchMedia("(prefers-color-scheme: light)");
const systemIsLight = signal(light.matches);
light.addEventListener("change", () => {
  systemIsLight.value = light.matches;
});

/** Apply the theme to the document now and whenever it changes. */
export function applyTheme(): void {
  effect(() => {
    const isLight = theme.value === "system" ? systemIsLight.value : theme.value === "light";
    document.documentElement.dataset.theme = isLight ? "light" : "dark";
    const ground = getComputedStyle(document.documentElement).getPropertyValue("--color-ground").trim();
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", ground);
  });
}
