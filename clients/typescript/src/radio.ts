/** Radio sessions. */

import { SegueError } from "./errors.js";
import type { Segue } from "./segue.js";
import type { Event, NextTracks, RadioSession, RadioTrack, Schemas } from "./types.js";

/** What steers a session. */
export type Steering = Pick<Schemas["NextRequest"], "text" | "mood">;

type Reported = Schemas["RadioEvent"];

const INSTEAD_OF_A_PLAY = new Set<Event>(["skip", "dislike", "ban"]);
/** The service accepts no longer time. */
const PLAYED_MS_MAX = 86_400_000;

/**
 * An endless session: iterate over its tracks, and say what the listener does with the current one.
 *
 * Asking for the next track reports the current one: as played, unless it was skipped, disliked or banned. If this
 * fails, ask again: the session then returns the track that was lost, and what was reported meanwhile goes with the
 * request after it. A session is asked for one track at a time; `nextRadioTracks` returns several at once.
 */
export class Radio implements AsyncIterableIterator<RadioTrack> {
  /** The track that was returned last. */
  current: RadioTrack | null = null;
  /** The last answer: directions, and what was understood of the texts. */
  answer: NextTracks | null = null;
  #events: Reported[] = [];
  #words: Steering = {};
  #call: number;
  #sent: { body: Schemas["NextRequest"]; count: number; words: Steering } | null = null;
  #asking = false;

  constructor(
    private readonly segue: Segue,
    /** The session as it was when it was started or found. */
    readonly session: RadioSession,
  ) {
    this.#call = session.answered;
  }

  /** Id of the session. */
  get id(): string {
    return this.session.id;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Return the next track; `done` if no other track meets the conditions of the session. Throws while another call is
   * waiting.
   */
  async next(): Promise<IteratorResult<RadioTrack, undefined>> {
    if (this.#asking) {
      throw new Error(
        `The session ${this.id} is being asked for a track already. Ask for one at a time, or call nextRadioTracks.`,
      );
    }
    this.#asking = true;
    try {
      this.answer = await this.#next();
    } finally {
      this.#asking = false;
    }
    const [track] = this.answer.tracks;
    this.current = track ?? null;
    return track === undefined ? { done: true, value: undefined } : { done: false, value: track };
  }

  /** Report that the current track was skipped; a RangeError if `playedMs` is no integer from 0 to 86,400,000. */
  skip(playedMs: number | null = null): void {
    this.#report("skip", playedMs);
  }

  /** Report that the listener likes the current track; it counts as played, too. */
  like(): void {
    this.#report("like");
  }

  /** Report that the listener dislikes the current track. */
  dislike(): void {
    this.#report("dislike");
  }

  /** Report that the current track must never be recommended again. */
  ban(): void {
    this.#report("ban");
  }

  /** Replace the texts or the mood preset that steer the session, from the next track on. */
  steer(words: Steering): void {
    // A copy as JSON: a value that JSON cannot hold throws here, not in every later request.
    this.#words = JSON.parse(JSON.stringify(words));
  }

  /** Forget the session. */
  async end(): Promise<void> {
    await this.segue.endRadio(this.id);
  }

  /** Send a request whose answer was lost as it was, else what was reported since the last answer. */
  async #next(): Promise<NextTracks> {
    const words = this.#words;
    this.#sent ??= {
      body: { ...words, events: this.#reported(), limit: 1, call: String(this.#call) },
      count: this.#events.length,
      words,
    };
    const sent = this.#sent;
    const answer = await this.segue.nextRadioTracks(this.id, sent.body).catch((error: unknown) => {
      // If the answer was lost, the next request must be the same: the service may have processed this one.
      if (!(error instanceof SegueError) || error.problem !== null) this.#sent = null;
      throw error;
    });
    this.#sent = null;
    this.#call += 1;
    this.#events.splice(0, sent.count);
    if (this.#words === sent.words) this.#words = {};
    return answer;
  }

  #report(event: Event, playedMs: number | null = null): void {
    if (this.current === null)
      throw new Error(`The session ${this.id} has returned no track yet: there is none to ${event}.`);
    if (playedMs !== null && !(Number.isInteger(playedMs) && playedMs >= 0 && playedMs <= PLAYED_MS_MAX))
      throw new RangeError(`\`playedMs\` must be an integer from 0 to ${PLAYED_MS_MAX}: playedMs=${playedMs}.`);
    this.#events.push({ track_id: this.current.id, event, played_ms: playedMs });
  }

  #reported(): Reported[] {
    const id = this.current?.id;
    const own = this.#events.filter((each) => each.track_id === id);
    const earlier = this.#events.filter((each) => each.track_id !== id);
    if (id === undefined || own.some(({ event }) => event && INSTEAD_OF_A_PLAY.has(event))) return [...earlier, ...own];
    return [...earlier, { track_id: id, event: "play" }, ...own];
  }
}
