import { expect, it } from "vitest";
import { groupHeard } from "./heardWords";

const heard = (name: string, tracks: number) => ({ name, tracks, source: "heard" as const });

it("separates styles from instruments and voices, and merges words that mean the same", () => {
  const words = [
    heard("electronic", 24),
    heard("slow", 19),
    heard("guitar", 9),
    heard("male", 3),
    heard("male vocal", 2),
  ];
  const { styles, sounds } = groupHeard([...words, heard("electronica", 1)]);

  expect(styles).toEqual([{ name: "electronic", words: ["electronic", "electronica"], tracks: 24 }]);
  expect(sounds).toEqual([
    { name: "guitar", words: ["guitar"], tracks: 9 },
    { name: "male vocal", words: ["male", "male vocal"], tracks: 3 },
  ]);
});
