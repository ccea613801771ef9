/** The question that the address of the search asks, and its answer. */

import { ask, client, type Schemas, type Track } from "../../api/client";
import type { MatchWith } from "../../components/Match";
import { href } from "../../router";
import { privateSession } from "../../state/listener";
import type { RadioStart } from "../../state/queue";
import { recommendedIn } from "../../state/recommended";
import { isPicture } from "../../state/searchFile";
import { partsOf, without } from "./understood";

type RadioFrom = Omit<RadioStart, "label">;

export interface Question {
  text: string;
  mood: string | null;
  /** Ids of parts of what was understood that are left out. */
  removed: ReadonlySet<string>;
}

export interface Hit {
  track: Track;
  /** Similarity to the question; null if the text names the track. */
  score: number | null;
  /** What the similarity is measured to. */
  comparedTo: MatchWith;
  /** What led to it: `words:`, `mood:` or `picture:` with a name, or the id of a track. */
  because: string | null;
  match: "title" | "artist" | "album" | "vibe";
}

/** Artists and albums whose names contain the text. */
export interface Places {
  artists: Schemas["Artist"][];
  albums: Schemas["Album"][];
}

export interface Answer {
  understood: Schemas["Understood"] | null;
  named: Hit[];
  places: Places;
  fitting: Hit[];
  /** Titles of the tracks that lead to others, by id. */
  titles: ReadonlyMap<string, string>;
}

const NOTHING: Answer = {
  understood: null,
  named: [],
  places: { artists: [], albums: [] },
  fitting: [],
  titles: new Map(),
};
export const HITS_MAX = 60;
const NAMED_MAX = 30;
const PLACES_MAX = 6;
const NOT_A_TRACK = /^(words|mood|artist|picture):/;

type Mood = NonNullable<Schemas["RecommendationRequest"]["mood"]>;

export function questionOf(query: URLSearchParams): Question {
  return { text: query.get("q") ?? "", mood: query.get("mood"), removed: new Set(query.getAll("without")) };
}

/** Return the address of a question. */
export const addressOf = ({ text, mood, removed }: Question): string =>
  href(["search"], { q: text, mood, without: [...removed] });

/** Answer a question: tracks that the text names, and tracks that fit what was understood and not left out. */
export async function answer({ text, mood, removed }: Question, signal: AbortSignal): Promise<Answer> {
  const chosen = mood as Mood | null;
  if (!text.trim()) {
    const fitting = chosen === null ? [] : await recommended({ mood: chosen, limit: HITS_MAX }, signal);
    return withTitles({ ...NOTHING, fitting }, signal);
  }
  const query = { text, mood: chosen, limit: HITS_MAX };
  const [found, listed, places] = await Promise.all([
    ask(client.GET("/v1/search", { params: { query }, signal })),
    ask(client.GET("/v1/tracks", { params: { query: { q: text, status: ["ready"], limit: NAMED_MAX } }, signal })),
    placesNamed(text, signal),
  ]);
  const hits = found.tracks.map(hitOf);
  const known = new Set(found.tracks.flatMap(({ id, match }) => (match === "vibe" ? [] : [id])));
  const more = listed.tracks.filter(({ id }) => !known.has(id)).map((track) => namedHit(track, text));
  const named = [...hits.filter(({ match }) => match !== "vibe"), ...more];
  const names = new Set(named.map(({ track }) => track.id));
  const parts = partsOf(found.understood);
  const left = parts.filter(({ id }) => !removed.has(id));
  let fitting = hits.filter(({ match, track }) => match === "vibe" && !names.has(track.id));
  if (left.length < parts.length) {
    const body: Schemas["RecommendationRequest"] = {
      text: left.length ? [without(found.understood, removed)] : [],
      mood: chosen,
      limit: HITS_MAX,
      exclude: { tracks: [...names] },
      diversity: 0,
      max_per_artist: null,
      max_per_album: null,
    };
    fitting = left.length || chosen !== null ? await recommended(body, signal) : [];
  }
  return withTitles({ ...NOTHING, understood: found.understood, named, places, fitting }, signal);
}

/** Return artists and albums whose names contain every word of a text. */
async function placesNamed(text: string, signal: AbortSignal): Promise<Places> {
  const query = { q: text, limit: PLACES_MAX };
  const [{ artists }, { albums }] = await Promise.all([
    ask(client.GET("/v1/artists", { params: { query }, signal })),
    ask(client.GET("/v1/albums", { params: { query }, signal })),
  ]);
  return { artists, albums };
}

/** Return a track that is listed because its title, its artist or its album contains every word of a text. */
function namedHit(track: Track, text: string): Hit {
  const words = text.toLowerCase().split(/\s+/);
  const isIn = (name: string | null) => words.some((word) => name?.toLowerCase().includes(word));
  const match = isIn(track.title) ? "title" : isIn(track.artist) ? "artist" : "album";
  return { track, score: null, comparedTo: "words", because: null, match };
}

const hitOf = (track: Schemas["FoundTrack"]): Hit => ({ ...becauseOf(track), match: track.match });

/** Return a track with its similarity to what led to it: words, or another track. */
function becauseOf(track: Schemas["FoundTrack"] | Schemas["RecommendedTrack"]): Omit<Hit, "match"> {
  const because = track.because_of[0] ?? null;
  const comparedTo = because === null || NOT_A_TRACK.test(because) ? "words" : "track";
  return { track, score: track.score, comparedTo, because };
}

async function recommended(body: Schemas["RecommendationRequest"], signal: AbortSignal): Promise<Hit[]> {
  const asked = { ...body, private: privateSession.peek() };
  const tracks = recommendedIn(await ask(client.POST("/v1/recommendations", { body: asked, signal })));
  return tracks.map((track) => ({ ...becauseOf(track), match: "vibe" }));
}

async function withTitles(found: Answer, signal: AbortSignal): Promise<Answer> {
  const causes = found.fitting.flatMap(({ because }) => (because && !NOT_A_TRACK.test(because) ? [because] : []));
  const wanted = [...new Set([...(found.understood?.like ?? []), ...causes])];
  const titles = await Promise.all(wanted.map((id) => titleOf(id, signal)));
  return { ...found, titles: new Map(wanted.map((id, index) => [id, titles[index] ?? id])) };
}

async function titleOf(id: string, signal: AbortSignal): Promise<string> {
  const track = await ask(client.GET("/v1/tracks/{track_id}", { params: { path: { track_id: id } }, signal }));
  return track.title;
}

const SEEDS = 5;

/** Return how a radio starts from an answer: with the same words and mood, or else from the best tracks. */
export function radioOf({ text, mood, removed }: Question, { understood, named, fitting }: Answer): RadioFrom {
  const withMood = mood === null ? {} : { mood };
  const isDescription = understood !== null && partsOf(understood).length > 0;
  if (isDescription && !removed.size) return { text, ...withMood };
  const [best] = named;
  if (!fitting.length && best) return { seeds: [best.track.id], ...withMood };
  return text || mood === null ? { ...seedsOf(fitting), ...withMood } : withMood;
}

export const seedsOf = (hits: readonly Hit[]) => ({ seeds: hits.slice(0, SEEDS).map(({ track }) => track.id) });

/** What was understood of a file, and the tracks that fit it. */
export interface FileAnswer {
  seen: Schemas["SeenPicture"] | null;
  heard: Schemas["HeardClip"] | null;
  hits: Hit[];
}

/** Find tracks that fit a picture or sound like a clip. Nothing of the file is stored. */
export async function answerFile(file: File, signal: AbortSignal): Promise<FileAnswer> {
  const options = {
    params: { query: { limit: HITS_MAX } },
    body: { file: "" },
    bodySerializer: () => {
      const form = new FormData();
      form.append("file", file);
      return form;
    },
    signal,
  };
  const hits = (tracks: Schemas["MatchedTrack"][], comparedTo: MatchWith): Hit[] =>
    tracks.map((track) => ({ track, score: track.score, comparedTo, because: null, match: "vibe" }));
  if (isPicture(file)) {
    const found = await ask(client.POST("/v1/search/image", options));
    return { seen: found.understood, heard: null, hits: hits(found.tracks, "words") };
  }
  const found = await ask(client.POST("/v1/search/audio", options));
  return { seen: null, heard: found.understood, hits: hits(found.tracks, "track") };
}
