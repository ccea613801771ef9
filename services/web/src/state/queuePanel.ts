/** Whether the queue stands beside the view. */

import { isFlag, stored } from "./storage";

export const queueOpen = stored("queue-open", false, isFlag);

export const toggleQueue = (): void => {
  queueOpen.value = !queueOpen.value;
};
