/* The history of this browser tab, which recommendations are based on. */

const KEY = "segue.history";
// The most events that the API accepts in one request.
const LONGEST = 1000;

/** A list of `{event, track}`, kept for this tab. Calls `onChange` when it changes. */
export class Session {
  constructor(onChange) {
    this.onChange = onChange;
    this.heard = read();
  }

  add(event, track, playedMs) {
    const { id, title } = track;
    const entry = { event, track: { id, title }, at: new Date().toISOString() };
    if (Number.isFinite(playedMs)) entry.played_ms = Math.min(Math.round(playedMs), 86_400_000);
    const before = this.heard.find((old) => old.track.id === id);
    if (event === "play" && before?.event === "like") return; // a complete play does not replace a like
    // The last event of a track counts.
    this.heard = [...this.heard.filter((old) => old.track.id !== id), entry].slice(-LONGEST);
    this.#changed();
  }

  remove(entry) {
    this.heard = this.heard.filter((other) => other !== entry);
    this.#changed();
  }

  clear() {
    this.heard = [];
    this.#changed();
  }

  /** The history in the format of the API. */
  asHistory() {
    return this.heard.map(({ event, track, at, played_ms }) => ({ track_id: track.id, event, at, played_ms }));
  }

  #changed() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.heard));
    } catch {
      // Storage is disabled or full: the history is kept until the page is left.
    }
    this.onChange();
  }
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((entry) => entry?.track?.id && entry.event) : [];
  } catch {
    return [];
  }
}
