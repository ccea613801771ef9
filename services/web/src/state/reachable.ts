/** Whether the service answered the last request. */

import { signal } from "@preact/signals";

export const reachable = signal(true);
