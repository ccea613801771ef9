import { current } from "../state/queue";

/** The controls of the player. */
export function PlayerBar() {
  return current.value && <p>{current.value.title}</p>;
}
