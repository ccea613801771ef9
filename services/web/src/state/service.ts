/** The status of the service, live: by server-sent events, or polled if other pages have all streams. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { ApiError, ask, client, type Schemas } from "../api/client";
import { key } from "./key";
import { me } from "./listener";
import { loadNowPlaying, nowPlaying } from "./nowPlaying";
import { probe, whenReachable } from "./reachable";

export type Status = Schemas["Status"];
export type Progress = Pick<
  Schemas["Job"],
  "id" | "kind" | "state" | "path" | "total" | "done" | "failed" | "left_out"
>;

/** The last status. Null before the first. */
export const status = signal<Status | null>(null);

/** Scans and uploads that are queued or running, by id, oldest first. */
export const runningJobs = signal<ReadonlyMap<string, Progress>>(new Map());

/** A number that grows when a job ends or the number of failures changes, so that lists load again. */
export const changes = signal(0);

/** Whether the sender of requests has a scope. */
export const may = (scope: Schemas["Scope"]): boolean => me.value?.scopes.includes(scope) ?? false;

/** How much of the work is done, 0 to 1. Null if nothing is to be done. */
export const workDone = computed<number | null>(() => {
  const jobs = [...runningJobs.value.values()];
  const waiting = status.value?.analysis.waiting ?? 0;
  if (!jobs.length && !waiting) return null;
  const total = jobs.reduce((sum, job) => sum + job.total, 0);
  if (total) return jobs.reduce((sum, job) => sum + job.done + job.failed, 0) / total;
  const ready = status.value?.tracks.ready ?? 0;
  return ready / Math.max(1, ready + waiting);
});

const POLL_MS = 5000;
const STREAM_AGAIN_MS = 60_000;
const RECONNECT_MS = 1000;
/** The service sends something at least every 10 seconds. */
const SILENT_MS = 15_000;

const visible = signal(document.visibilityState === "visible");

/** Follow the service while the page is visible. */
export function watchService(): void {
  document.addEventListener("visibilitychange", () => {
    visible.value = document.visibilityState === "visible";
  });
  let control: AbortController | null = null;
  effect(() => {
    key.value;
    const isWanted = visible.value && may("read");
    untracked(() => {
      control?.abort();
      control = isWanted ? new AbortController() : null;
      if (control) void follow(control.signal);
    });
  });
}

/** Load the status now, for example after a change that was made here. */
export async function refreshStatus(cancelled?: AbortSignal): Promise<void> {
  const options = cancelled ? { signal: cancelled } : {};
  setStatus(await ask(client.GET("/v1/status", options)));
  if (may("listen")) await loadNowPlaying(options);
  if (!may("ingest")) return;
  const { jobs } = await ask(client.GET("/v1/jobs", options));
  const running = jobs.filter(isOpen).reverse();
  if ([...runningJobs.peek().keys()].some((id) => !running.some((job) => job.id === id))) changes.value += 1;
  runningJobs.value = new Map(running.map((job) => [job.id, job]));
}

async function follow(cancelled: AbortSignal): Promise<void> {
  let goesOn = true;
  while (goesOn && !cancelled.aborted) {
    try {
      await readStream(cancelled);
      await sleep(RECONNECT_MS, cancelled);
    } catch (error) {
      goesOn = !cancelled.aborted && (await recover(error, cancelled));
      await whenReachable(cancelled);
    }
  }
}

/** Wait until another stream can be tried. Resolves to false if the key at hand may not read the status. */
async function recover(error: unknown, cancelled: AbortSignal): Promise<boolean> {
  if (!(error instanceof ApiError))
    await probe(); // the connection broke
  else if (error.status === 401 || error.status === 403) return false;
  else if (error.status === 503) await poll(cancelled).catch(() => sleep(RECONNECT_MS, cancelled));
  else if (error.status) await sleep((error.retryAfter ?? 5) * 1000, cancelled);
  return true;
}

/** Poll for a while; another page may give its stream back meanwhile. */
async function poll(cancelled: AbortSignal): Promise<void> {
  const end = Date.now() + STREAM_AGAIN_MS;
  while (!cancelled.aborted && Date.now() < end) {
    await refreshStatus(cancelled);
    await sleep(POLL_MS, cancelled);
  }
}

async function readStream(cancelled: AbortSignal): Promise<void> {
  const body = await ask(client.GET("/v1/events", { parseAs: "stream", signal: cancelled }));
  if (!body) return;
  const parser = createParser({ onEvent });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let silence: number | undefined;
  try {
    for (;;) {
      clearTimeout(silence);
      silence = window.setTimeout(probe, SILENT_MS);
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(value);
    }
  } finally {
    clearTimeout(silence);
  }
}

/** Take an event of the stream. */
export function onEvent({ event, data }: EventSourceMessage): void {
  if (event === "status") setStatus(JSON.parse(data));
  if (event === "job") setJob(JSON.parse(data));
  if (event === "now_playing") nowPlaying.value = (JSON.parse(data) as Schemas["NowPlaying"]).playing;
}

function setStatus(next: Status): void {
  const before = status.peek();
  status.value = next;
  if (before && (before.failures !== next.failures || before.folders.length !== next.folders.length))
    changes.value += 1;
}

function setJob(job: Progress): void {
  const jobs = new Map(runningJobs.peek());
  if (isOpen(job)) jobs.set(job.id, job);
  else if (jobs.delete(job.id)) changes.value += 1;
  runningJobs.value = jobs;
}

const isOpen = (job: Progress): boolean => job.state === "queued" || job.state === "running";

function sleep(milliseconds: number, cancelled: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    cancelled.addEventListener("abort", () => resolve(), { once: true });
  });
}
