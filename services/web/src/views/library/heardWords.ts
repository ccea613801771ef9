/** Which words that are heard name a style, and which an instrument or a voice. */

import type { Schemas } from "../../api/client";

/** Words of the encoder that mean the same; the first one is shown. */
const SAME = [
  ["electronic", "electronica", "electro"],
  ["classical", "classic"],
  ["chillout", "chill"],
  ["alternative rock", "alternative"],
  ["metal", "heavy metal"],
  ["female vocal", "female vocalist", "female vocalists", "female voice", "female", "woman"],
  ["male vocal", "male vocalists", "male voice", "male", "man"],
  ["vocals", "vocal", "voice", "singing"],
  ["instrumental", "no vocals", "no vocal", "no voice"],
  ["choir", "choral"],
];

const SOUNDS = new Set([
  ...["female vocal", "male vocal", "vocals", "instrumental", "choir", "guitar", "piano", "strings", "violin"],
  ...["cello", "harp", "harpsichord", "flute", "sitar", "synth", "drums"],
]);

/** Tempo, loudness and judgements: neither a style nor an instrument. */
const NEITHER = new Set([
  ...[
    "slow",
    "fast",
    "quiet",
    "loud",
    "soft",
    "solo",
    "beat",
    "beats",
    "weird",
    "beautiful",
    "sexy",
    "catchy",
    "mellow",
  ],
  ...["party", "sad", "happy", "acoustic"],
]);

export interface Heard {
  name: string;
  /** The words that the filter of songs takes. */
  words: string[];
  /** Of the most frequent word: a track with several of them counts once. */
  tracks: number;
}

/** Return styles, and instruments and voices. Words that mean the same are one entry. */
export function groupHeard(genres: readonly Schemas["GenreSource"][]): { styles: Heard[]; sounds: Heard[] } {
  const found = new Map<string, Heard>();
  for (const { name: word, tracks } of genres) {
    const name = SAME.find((words) => words.includes(word))?.[0] ?? word;
    const known = found.get(name) ?? { name, words: [], tracks: 0 };
    found.set(name, { name, words: [...known.words, word], tracks: Math.max(known.tracks, tracks) });
  }
  const heard = [...found.values()].filter(({ name }) => !NEITHER.has(name));
  return {
    styles: heard.filter(({ name }) => !SOUNDS.has(name)),
    sounds: heard.filter(({ name }) => SOUNDS.has(name)),
  };
}
