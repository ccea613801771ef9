import { afterEach, describe, expect, it } from "vitest";
import type { Track } from "../api/client";
import { EMPTY, entriesOf } from "./entries";
import { chooseListener, leaveListener } from "./listener";
import { nowPlaying, type Playing, playingElsewhere } from "./nowPlaying";
import { playing as isPlaying, takeOver } from "./playback";
import { queue } from "./queueState";
import { onEvent } from "./service";

const playing = (listener: string, client: string): Playing => ({
  listener,
  client,
  track_id: "a",
  started_at: "2026-03-01T20:15:00Z",
  artist: null,
  title: "Rain",
  album: null,
  duration_ms: null,
  track: null,
});

afterEach(() => {
  nowPlaying.value = [];
  leaveListener();
  isPlaying.value = false;
  queue.value = EMPTY;
});

describe("what plays elsewhere", () => {
  it("comes with the events of the service", () => {
    onEvent({ event: "now_playing", data: JSON.stringify({ playing: [playing("bob", "mpd")] }), id: undefined });

    expect(playingElsewhere.value.map((each) => each.listener)).toEqual(["bob"]);
  });

  it("is everything that this browser does not play", () => {
    chooseListener("ada");
    const [entry] = entriesOf([{ id: "a" } as Track], null);
    queue.value = { ...EMPTY, now: entry ?? null };
    nowPlaying.value = [playing("ada", "mpd"), playing("bob", "Segue"), playing("ada", "Segue")];

    expect(playingElsewhere.value.map((each) => each.listener)).toEqual(["ada", "bob"]);
  });

  it("is not the track that this tab has just left", () => {
    chooseListener("ada");
    takeOver();
    isPlaying.value = true;
    nowPlaying.value = [playing("ada", "Segue"), playing("bob", "Segue")];

    expect(playingElsewhere.value.map((each) => each.listener)).toEqual(["bob"]);
  });
});
