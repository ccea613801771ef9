/** Whether the settings of this browser are shown. */

import { signal } from "@preact/signals";

export const settingsAreOpen = signal(false);
