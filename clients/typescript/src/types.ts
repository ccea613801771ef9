/** Names for the types of the OpenAPI document. */

import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];
export type Track = Schemas["Track"];
export type RadioTrack = Schemas["RadioTrack"];
export type RadioSession = Schemas["RadioSession"];
export type NextTracks = Schemas["NextTracks"];
export type Recommendations = Schemas["Recommendations"];
export type Event = NonNullable<Schemas["ListenEvent"]["event"]>;

/** A track of a history: its id for a play, the id with another event, or an event with its time. */
export type Heard = string | readonly [string, Event] | Schemas["ListenEvent"];

type WithHistory<Request> = Omit<Request, "history"> & { history?: readonly Heard[] };

/** A request for recommendations. */
export type RecommendationRequest = WithHistory<Schemas["RecommendationRequest"]>;
/** The start of a radio session. */
export type RadioRequest = WithHistory<Schemas["RadioRequest"]>;

/** The query of a GET operation. */
export type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Found } } }
  ? NonNullable<Found>
  : never;
