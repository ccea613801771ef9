/** Client of Segue, a self-hosted music recommendation service: history in, next tracks out. */

export { type Problem, SegueError } from "./errors.js";
export { Radio, type Steering } from "./radio.js";
export { type Options, Segue } from "./segue.js";
export type * from "./types.js";
