/** The client. */

import createClient, { type Client, defaultPathSerializer, type FetchResponse } from "openapi-fetch";
import { errorOf, SegueError } from "./errors.js";
import { Radio } from "./radio.js";
import type { paths } from "./schema.js";
import type {
  Heard,
  NextTracks,
  Query,
  RadioRequest,
  RecommendationRequest,
  Recommendations,
  Schemas,
  Track,
} from "./types.js";

export interface Options {
  /** An API key, if the service needs one. */
  key?: string;
  /** How to send requests, instead of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** A client of a Segue service. Every method throws a `SegueError` with the service's problem. */
export class Segue {
  /** Every operation of the API, with types: `segue.ask(segue.api.GET("/v1/status"))`. */
  readonly api: Client<paths>;

  constructor(
    readonly url = "http://127.0.0.1:8765",
    { key, fetch = globalThis.fetch }: Options = {},
  ) {
    if (key !== undefined && !/^[!-~]+$/.test(key))
      throw new Error("This is no API key: a key has ASCII letters, digits and signs only, and no spaces.");
    const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    this.api = createClient<paths>({ baseUrl: url.replace(/\/+$/, ""), headers, fetch, pathSerializer });
  }

  /** Return the body of a response, or throw its problem. */
  async ask<T extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
    pending: Promise<FetchResponse<T, O, M>>,
  ): Promise<NonNullable<FetchResponse<T, O, M>["data"]>> {
    const { data, error, response } = await pending.catch((cause: unknown) => {
      if (cause instanceof SegueError) throw cause;
      throw new SegueError(`No Segue answers at ${this.url}. Is \`segue up\` running?`, 0, null, null, { cause });
    });
    if (!response.ok) throw errorOf(error, response);
    return data as NonNullable<FetchResponse<T, O, M>["data"]>;
  }

  /** What to play after a history, for texts, a mood preset, pictures, a listener, or several of them. */
  async recommend({ history = [], ...terms }: RecommendationRequest): Promise<Recommendations> {
    return this.ask(this.api.POST("/v1/recommendations", { body: { ...terms, history: history.map(event) } }));
  }

  /** The tracks that are most similar to a track. */
  async similar(
    trackId: string,
    query: Query<"/v1/tracks/{track_id}/similar"> = {},
  ): Promise<Schemas["SimilarTracks"]> {
    const params = { path: { track_id: trackId }, query };
    return this.ask(this.api.GET("/v1/tracks/{track_id}/similar", { params }));
  }

  /** The tracks that a text names, then those that sound as it describes. */
  async search(text: string, query: Omit<Query<"/v1/search">, "text"> = {}): Promise<Schemas["SearchResults"]> {
    return this.ask(this.api.GET("/v1/search", { params: { query: { ...query, text } } }));
  }

  /** A smooth path from one track to another. */
  async path(from: string, to: string, query: Omit<Query<"/v1/path">, "from" | "to"> = {}): Promise<Schemas["Path"]> {
    return this.ask(this.api.GET("/v1/path", { params: { query: { ...query, from, to } } }));
  }

  /** Every track that matches, in library order, fetched page by page. */
  async *tracks(query: Query<"/v1/tracks"> = {}): AsyncGenerator<Track, void, undefined> {
    let cursor = query.cursor;
    do {
      const page = await this.ask(
        this.api.GET("/v1/tracks", { params: { query: { ...query, ...(cursor ? { cursor } : {}) } } }),
      );
      yield* page.tracks;
      cursor = page.next_cursor;
    } while (cursor);
  }

  /** One track by its id or an external id. */
  async track(trackId: string): Promise<Track> {
    return this.ask(this.api.GET("/v1/tracks/{track_id}", { params: { path: { track_id: trackId } } }));
  }

  /** The 30 s of a track that are most typical of it, for previews. */
  async highlight(trackId: string): Promise<Schemas["TrackHighlight"]> {
    return this.ask(this.api.GET("/v1/tracks/{track_id}/highlight", { params: { path: { track_id: trackId } } }));
  }

  /** Record what a listener did; sending it again is harmless. */
  async listen(user: string, listens: Schemas["ListenIn"][]): Promise<Schemas["ListensRecorded"]> {
    return this.ask(this.api.POST("/v1/users/{user}/listens", { params: { path: { user } }, body: { listens } }));
  }

  /** What a listener likes, in words. */
  async taste(user: string): Promise<Schemas["ListenerTaste"]> {
    return this.ask(this.api.GET("/v1/users/{user}/taste", { params: { path: { user } } }));
  }

  /** Start an endless session from tracks, artists, genres and tags. */
  async radio({ history = [], ...start }: RadioRequest): Promise<Radio> {
    const body = { ...start, history: history.map(event) };
    return new Radio(this, await this.ask(this.api.POST("/v1/radio", { body })));
  }

  /** Find a session again by its id. */
  async resumeRadio(sessionId: string): Promise<Radio> {
    const params = { path: { session_id: sessionId } };
    return new Radio(this, await this.ask(this.api.GET("/v1/radio/{session_id}", { params })));
  }

  /** Report events and get several tracks at once; the same `call` gets the same answer again. */
  async nextRadioTracks(sessionId: string, body: Schemas["NextRequest"]): Promise<NextTracks> {
    const params = { path: { session_id: sessionId } };
    return this.ask(this.api.POST("/v1/radio/{session_id}/next", { params, body }));
  }

  /** Forget a session. */
  async endRadio(sessionId: string): Promise<void> {
    await this.ask(this.api.DELETE("/v1/radio/{session_id}", { params: { path: { session_id: sessionId } } }));
  }
}

/** Write names into a path, except those that would make it the path of another resource. */
function pathSerializer(path: string, names: Record<string, unknown>): string {
  for (const name of Object.values(names))
    if (["", ".", ".."].includes(String(name))) throw new SegueError(`'${name}' cannot be an id or a name.`, 0);
  return defaultPathSerializer(path, names);
}

function event(heard: Heard): Schemas["ListenEvent"] {
  if (typeof heard === "string") return { track_id: heard };
  if (isPair(heard)) return { track_id: heard[0], event: heard[1] };
  return heard;
}

function isPair(heard: Exclude<Heard, string>): heard is Extract<Heard, readonly unknown[]> {
  return Array.isArray(heard);
}
