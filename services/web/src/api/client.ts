/** The typed client of Segue's public HTTP API. Types come from `schema.d.ts`, which `npm run api` generates. */

import createClient, { type FetchResponse } from "openapi-fetch";
import { askForKey, key } from "../state/key";
import { probe, reportAway, reportBack } from "../state/reachable";
import { t } from "../texts";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Track = Schemas["Track"];

/** The address that the page was loaded from, so that a proxy can serve Segue below a path. */
export const base = new URL(".", document.baseURI.split("#")[0]).href.replace(/\/$/, "");

/** An error that a person can read. `status` is 0 if the service did not respond. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** A request without a response for so long may have reached a process that hangs; the health check tells. */
const SLOW_MS = 8000;
/** A proxy in front of the service answers so if the service does not. */
const GATEWAY_ERRORS = new Set([502, 504]);

/** Send a request with the key, and ask for another key if the service refuses it. */
export async function send(request: Request): Promise<Response> {
  for (;;) {
    const sentKey = key.value;
    const attempt = request.clone();
    if (sentKey !== null) attempt.headers.set("Authorization", `Bearer ${sentKey}`);
    const response = await attended(attempt);
    if (response.status !== 401 || !(await askForKey(sentKey))) return response;
  }
}

/** Fetch, and record whether the service responds. */
async function attended(request: Request): Promise<Response> {
  const slow = setTimeout(probe, SLOW_MS);
  try {
    const response = await fetch(request);
    if (GATEWAY_ERRORS.has(response.status)) reportAway();
    else reportBack();
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reportAway();
    throw new ApiError(t().errors.away, 0);
  } finally {
    clearTimeout(slow);
  }
}

export const client = createClient<paths>({ baseUrl: base, fetch: send });

/**
 * Return the body of a response: `await ask(client.GET("/v1/status"))`.
 *
 * @throws ApiError with the problem's text.
 */
export async function ask<T extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
  pending: Promise<FetchResponse<T, O, M>>,
) {
  const { data, error, response } = await pending;
  if (!response.ok) throw problem(error, response);
  return data as NonNullable<FetchResponse<T, O, M>["data"]>;
}

function problem(error: unknown, response: Response): ApiError {
  const detail = typeof error === "object" && error !== null && "detail" in error ? error.detail : null;
  const wait = Number(response.headers.get("Retry-After")) || null;
  return new ApiError(typeof detail === "string" ? detail : t().errors.status(response.status), response.status, wait);
}
