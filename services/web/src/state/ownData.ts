/** The export of a listener's data, the import of listens, and what is not in the library. */

import { ask, client, type Schemas } from "../api/client";

export type Imported = Schemas["ListensImported"];
export type Unmatched = Schemas["UnmatchedRecordings"];

/** Save everything that is stored of a listener as a file that `segue import-listens` reads. */
export async function saveExport(user: string): Promise<void> {
  const lines = await ask(client.GET("/v1/users/{user}/export", { params: { path: { user } }, parseAs: "blob" }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(lines as Blob);
  link.download = `${user}.jsonl`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Store the listens of an exported file. The service checks the whole file first. */
export function importListens(user: string, file: File, skipInvalid: boolean): Promise<Imported> {
  const form = new FormData();
  form.append("file", file);
  if (skipInvalid) form.append("skip_invalid", "true");
  return ask(
    client.POST("/v1/users/{user}/listens/import", {
      params: { path: { user } },
      body: form as never,
      bodySerializer: (body) => body as never,
    }),
  );
}

/** Return the recordings that a listener heard and the library does not have, most often heard first. */
export function loadUnmatched(user: string, limit: number, signal: AbortSignal): Promise<Unmatched> {
  const params = { path: { user }, query: { limit } };
  return ask(client.GET("/v1/users/{user}/listens/unmatched", { params, signal }));
}
