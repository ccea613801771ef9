/** Errors of the client. */

import type { components } from "./schema.js";

export type Problem = components["schemas"]["Problem"];

/** An error. `status` is that of the response; 0 if there was none. */
export class SegueError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** The service's problem; null if the service returned none. */
    readonly problem: Problem | null = null,
    /** Seconds to wait before the next attempt; null if the service did not say. */
    readonly retryAfter: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "SegueError";
  }
}

/** Return the error for a response that is no success. */
export function errorOf(body: unknown, response: Response): SegueError {
  const wait = response.headers.get("Retry-After");
  const seconds = wait === null || Number.isNaN(Number(wait)) ? null : Number(wait);
  if (isProblem(body)) return new SegueError(body.detail, response.status, body, seconds);
  return new SegueError(
    `${response.url} answered ${response.status}, and is not Segue.`,
    response.status,
    null,
    seconds,
  );
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "detail" in body && typeof body.detail === "string";
}
