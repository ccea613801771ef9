/** Tells the system what plays, for its media keys, lock screen and notifications. */

import { effect } from "@preact/signals";
import type { Track } from "../api/client";
import { mediaAddress } from "../state/media";
import { duration, playing, position, seek } from "../state/playback";
import { previous, skip, togglePlay } from "../state/queue";
import { current } from "../state/queueState";
import { t } from "../texts";

const ARTWORK_SIZES = [96, 320, 640];
const SEEK_SECONDS = 10;

function artwork(track: Track): MediaImage[] {
  return ARTWORK_SIZES.flatMap((size) => {
    const src = mediaAddress(`/v1/tracks/${encodeURIComponent(track.id)}/cover?size=${size}`);
    return src === null ? [] : [{ src, sizes: `${size}x${size}` }];
  });
}

function describe(track: Track): MediaMetadata {
  return new MediaMetadata({
    title: track.title,
    artist: track.artist ?? t().unknownArtist,
    album: track.album ?? "",
    artwork: artwork(track),
  });
}

function showPosition(session: MediaSession): void {
  const total = duration.value;
  if (total === null || total <= 0) session.setPositionState();
  else session.setPositionState({ duration: total, position: Math.min(position.value, total), playbackRate: 1 });
}

/** Keep the system informed as long as the page is open. */
export function startMediaSession(): void {
  if (!("mediaSession" in navigator)) return;
  const session = navigator.mediaSession;
  effect(() => {
    session.metadata = current.value && describe(current.value);
  });
  effect(() => {
    session.playbackState = current.value === null ? "none" : playing.value ? "playing" : "paused";
  });
  effect(() => showPosition(session));
  const setPlaying = (wanted: boolean) => () => {
    if (playing.peek() !== wanted) togglePlay();
  };
  session.setActionHandler("play", setPlaying(true));
  session.setActionHandler("pause", setPlaying(false));
  session.setActionHandler("previoustrack", previous);
  session.setActionHandler("nexttrack", skip);
  session.setActionHandler("seekbackward", (by) => seek(position.peek() - (by.seekOffset ?? SEEK_SECONDS)));
  session.setActionHandler("seekforward", (by) => seek(position.peek() + (by.seekOffset ?? SEEK_SECONDS)));
  session.setActionHandler("seekto", ({ seekTime }) => seek(seekTime ?? 0));
}
