/** The views of the navigation, in order. */

import type { LucideIcon } from "lucide-preact";
import { Compass, Heart, House, LibraryBig, ListMusic, Search, Server } from "lucide-preact";

export type ViewName = "home" | "search" | "library" | "map" | "playlists" | "taste" | "service";

export const VIEWS: { name: ViewName; path: string[]; icon: LucideIcon /** Has a tab on phones. */; isTab: boolean }[] =
  [
    { name: "home", path: [], icon: House, isTab: true },
    { name: "search", path: ["search"], icon: Search, isTab: true },
    { name: "library", path: ["library"], icon: LibraryBig, isTab: true },
    { name: "map", path: ["map"], icon: Compass, isTab: false },
    { name: "playlists", path: ["playlists"], icon: ListMusic, isTab: false },
    { name: "taste", path: ["taste"], icon: Heart, isTab: false },
    { name: "service", path: ["service"], icon: Server, isTab: false },
  ];

/** The first part of each address and the view that it belongs to. */
const VIEW_OF_PATH: Record<string, ViewName> = {
  "": "home",
  search: "search",
  library: "library",
  album: "library",
  artist: "library",
  map: "map",
  playlists: "playlists",
  playlist: "playlists",
  taste: "taste",
  compare: "taste",
  service: "service",
};

export const viewOf = (path: readonly string[]): ViewName | null => VIEW_OF_PATH[path[0] ?? ""] ?? null;
