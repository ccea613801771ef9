/* What was heard in this browser tab: the history that recommendations answer. */

const KEY = "segue.history";
// As many as the API takes in one request.
const LONGEST = 1000;

/** A list of `{event, track}`, kept while the tab lives; tells `onChange` when it changes. */
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
    if (event === "play" && before?.event === "like") return; // hearing it to the end takes no like back
    // What was said last about a track counts.
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

  /** The history as the API takes it. */
  asHistory() {
    return this.heard.map(({ event, track, at, played_ms }) => ({ track_id: track.id, event, at, played_ms }));
  }

  #changed() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.heard));
    } catch {
      // Storage is off or full: the history then lasts until the page is left.
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
