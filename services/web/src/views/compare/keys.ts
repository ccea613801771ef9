/** The keys of a comparison. They come before those of the player, which has others for the same letters. */

import { useEffect, useRef } from "preact/hooks";
import { isFree } from "../../player/shortcuts";
import { type Choice, toggleExcerpt } from "../../state/comparison";
import type { Sound } from "../../state/preview";

const SOUNDS = ["1", "2", "3"];
const CHOICES: Record<string, Choice> = { a: "first", b: "second", 0: "same" };

export function useKeys(sounds: readonly Sound[], choose: (choice: Choice) => void): void {
  const held = useRef({ sounds, choose });
  held.current = { sounds, choose };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isFree(event)) return;
      const sound = held.current.sounds[SOUNDS.indexOf(event.key)];
      const choice = CHOICES[event.key.toLowerCase()];
      if (!sound && !choice) return;
      event.preventDefault();
      if (sound) toggleExcerpt(sound);
      else if (choice) held.current.choose(choice);
    };
    window.addEventListener("keydown", onKey, { capture: true });
    return () => window.removeEventListener("keydown", onKey, { capture: true });
  }, []);
}
