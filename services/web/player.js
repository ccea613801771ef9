/* The player: plays one track at a time and reports verdicts. */

import { audioOf } from "./api.js";
import { tint } from "./elements.js";
import { icon } from "./icons.js";
import { hasKey } from "./key.js";
import { credit } from "./tracks.js";

const place = (id) => document.getElementById(id);

/** Plays tracks. Calls `onVerdict(event, track, playedMs)` for events, and `onEnd()` when a track ends. */
export class Player {
  constructor({ onVerdict, onEnd, onError }) {
    this.audio = place("audio");
    this.track = null;
    for (const verdict of ["like", "skip"]) place(verdict).prepend(icon(verdict));
    this.audio.addEventListener("ended", () => {
      onVerdict("play", this.track, this.playedMs);
      onEnd();
    });
    this.onError = onError;
    this.renewed = false;
    this.audio.addEventListener("playing", () => (this.renewed = false));
    this.audio.addEventListener("error", () => this.#recover());
    place("like").addEventListener("click", () => this.track && onVerdict("like", this.track, this.playedMs));
    place("skip").addEventListener("click", () => {
      if (!this.track) return;
      onVerdict("skip", this.track, this.playedMs);
      onEnd();
    });
  }

  get playedMs() {
    return this.audio.currentTime * 1000;
  }

  play(track) {
    this.track = track;
    place("player").hidden = false;
    place("now-title").textContent = track.title;
    place("now-artist").textContent = credit(track);
    tint(place("now-swatch"), track);
    document.title = `${track.title} · Segue`;
    this.renewed = false;
    this.#load(0);
  }

  async #load(position) {
    const track = this.track;
    try {
      const source = await audioOf(track.id);
      if (this.track !== track) return; // another track was chosen in the meantime
      this.audio.src = source;
      this.audio.currentTime = position;
      this.audio.play().catch(() => {}); // the controls and the error event show a failure
    } catch (error) {
      this.onError(error.message);
    }
  }

  #recover() {
    if (!this.track || !this.audio.getAttribute("src")) return;
    if (hasKey() && !this.renewed) {
      this.renewed = true; // the media token may have expired: retry once with a new one
      this.#load(this.audio.currentTime);
      return;
    }
    this.onError(`“${this.track.title}” cannot be played: the file is missing, or this browser does not support the format.`);
  }

  stop() {
    this.audio.pause();
  }
}
