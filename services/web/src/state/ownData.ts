/** The export of a listener's data. */

import { ask, client } from "../api/client";

/** Save everything that is stored of a listener as a file that `segue import-listens` reads. */
export async function saveExport(user: string): Promise<void> {
  const lines = await ask(client.GET("/v1/users/{user}/export", { params: { path: { user } }, parseAs: "blob" }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(lines as Blob);
  link.download = `${user}.jsonl`;
  link.click();
  URL.revokeObjectURL(link.href);
}
