/** The address of the view, `#/path?query`. It needs no route on the server and works behind any proxy path. */

import { computed, signal } from "@preact/signals";

export interface Route {
  /** The parts of the path, decoded: `#/album/al-1` is `["album", "al-1"]`. */
  path: string[];
  query: URLSearchParams;
}

const hash = signal(location.hash);
window.addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export const route = computed<Route>(() => parse(hash.value));

export function parse(text: string): Route {
  const [path = "", query = ""] = text.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address that was cut off while it was copied
  }
}

type Query = Record<string, string | number | readonly string[] | null | undefined>;

/** Return the address of a view, for a link: `href(["album", id], { sort: "year" })`. */
export function href(path: readonly string[], query: Query = {}): string {
  const text = toSearch(query).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

function toSearch(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") search.append(name, String(each));
    }
  }
  return search;
}

/** Go to a view. With `replace`, the browser's back button skips the address that is left. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace) {
    history.replaceState(history.state, "", to);
    hash.value = to;
  } else {
    location.hash = to;
  }
}

/** Change parts of the query of the current address; null removes one. */
export function setQuery(changes: Query, options: { replace?: boolean } = { replace: true }): void {
  const { path, query } = route.peek();
  const next: Query = {};
  for (const name of query.keys()) next[name] = query.getAll(name);
  navigate(href(path, { ...next, ...changes }), options);
}
