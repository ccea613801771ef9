/** One audio element and the queue entry that it holds. */

import type { Entry } from "../state/entries";
import { mediaAddress, renewMediaToken } from "../state/media";
import { levelOf } from "../state/playback";

interface Listeners {
  onTime: (deck: Deck) => void;
  onEnd: (deck: Deck) => void;
  onError: (deck: Deck) => void;
  onStall: (deck: Deck, isWaiting: boolean) => void;
}

export class Deck {
  readonly audio = new Audio();
  entry: Entry | null = null;

  constructor(listeners: Listeners) {
    this.audio.preload = "auto";
    this.audio.addEventListener("timeupdate", () => listeners.onTime(this));
    this.audio.addEventListener("durationchange", () => listeners.onTime(this));
    this.audio.addEventListener("ended", () => listeners.onEnd(this));
    this.audio.addEventListener("error", () => this.entry && listeners.onError(this));
    this.audio.addEventListener("waiting", () => listeners.onStall(this, true));
    this.audio.addEventListener("playing", () => listeners.onStall(this, false));
  }

  /** Length in seconds, if the browser knows it. */
  get length(): number | null {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : null;
  }

  /** Hold an entry, ready to play from `seconds`. Rejects if the service gives no media token. */
  async load(entry: Entry, seconds: number): Promise<void> {
    this.entry = entry;
    await renewMediaToken();
    if (this.entry !== entry) return;
    this.audio.src = mediaAddress(`/v1/tracks/${encodeURIComponent(entry.track.id)}/audio`) ?? "";
    this.audio.currentTime = seconds; // before the metadata are there, this is where playback starts
  }

  unload(): void {
    this.entry = null;
    this.audio.pause();
    if (this.audio.hasAttribute("src")) {
      this.audio.removeAttribute("src");
      this.audio.load();
    }
  }

  /** Set the amplitude, from 0 to 1, that a track at the reference loudness has. */
  setAmplitude(amplitude: number, isLevelled: boolean): void {
    const level = isLevelled ? levelOf(this.entry?.track.descriptors?.loudness) : 1;
    this.audio.volume = amplitude * level;
  }
}
