/* Scans a folder and shows the progress. */

import { getJob, scan } from "./api.js";
import { say } from "./elements.js";

const POLL_MS = 700;
const place = (id) => document.getElementById(id);

/** Connect the dialog. Calls `onChange` when the library may have changed. */
export function connectScan(onChange) {
  const dialog = place("add-dialog");
  place("add-music").addEventListener("click", () => dialog.showModal());
  place("scan-close").addEventListener("click", () => dialog.close());
  place("scan").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await watch(await scan(place("scan-path").value.trim()), onChange);
    } catch (error) {
      say(place("scan-message"), error.message, "error");
    }
  });
}

async function watch(job, onChange) {
  const progress = place("scan-progress");
  progress.hidden = false;
  for (;;) {
    const ended = job.done + job.failed;
    progress.max = Math.max(job.total, 1);
    progress.value = ended;
    say(place("scan-message"), sentence(job));
    if (job.state === "done" || job.state === "failed") break;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const before = ended;
    job = await getJob(job.id);
    if (job.done + job.failed !== before) onChange();
  }
  progress.hidden = true;
  onChange();
}

function sentence(job) {
  if (job.state === "queued") return "Waiting for a worker …";
  if (job.state === "failed") return job.reason ?? "The scan failed.";
  const failed = job.failed ? `, ${job.failed} failed` : "";
  if (job.state === "done") return `Done: ${job.done} of ${job.total} tracks are ready${failed}.`;
  return `${job.done} of ${job.total} tracks analysed${failed} …`;
}
