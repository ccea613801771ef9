/** Which albums or artists the library shows, and in which order, as the address says. */

import type { paths } from "../../api/schema";

export type AlbumSort = NonNullable<NonNullable<paths["/v1/albums"]["get"]["parameters"]["query"]>["sort"]>;
export type ArtistSort = NonNullable<NonNullable<paths["/v1/artists"]["get"]["parameters"]["query"]>["sort"]>;

interface List<T> {
  q: string;
  sort: T;
  order: "asc" | "desc";
}

function listOf<T extends string>(query: URLSearchParams, sorts: readonly T[]): List<T> {
  const wanted = query.get("sort") as T;
  return {
    q: query.get("q") ?? "",
    sort: sorts.includes(wanted) ? wanted : (sorts[0] as T),
    order: query.get("order") === "desc" ? "desc" : "asc",
  };
}

export const albumsOf = (
  query: URLSearchParams,
  sorts: readonly AlbumSort[],
): List<AlbumSort> & { genre: string[] } => ({
  ...listOf(query, sorts),
  genre: query.getAll("genre").filter(Boolean),
});

export const artistsOf = (query: URLSearchParams, sorts: readonly ArtistSort[]): List<ArtistSort> =>
  listOf(query, sorts);
