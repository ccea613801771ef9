import { describe, expect, it } from "vitest";
import type { Track } from "../api/client";
import {
  advanced,
  EMPTY,
  type Entry,
  entriesOf,
  entryOf,
  inserted,
  jumpedTo,
  moved,
  type Queue,
  removed,
  repeated,
  replaced,
  shuffled,
  steppedBack,
  upcoming,
} from "./entries";

const track = (title: string) => ({ id: `id-${title}`, title, attributes: null, ids: {} }) as unknown as Track;
const tracks = (titles: string) => [...titles].map(track);
const titles = (entries: readonly (Entry | null)[]) => entries.map((entry) => entry?.track.title ?? "-").join("");

/** A queue in short: past|now|next|radio. */
const short = (queue: Queue) =>
  [titles(queue.past), queue.now ? queue.now.track.title : "", titles(queue.next), titles(queue.radio)].join("|");

const list = (letters: string, start = 0) => replaced(EMPTY, entriesOf(tracks(letters), "List"), start);

function withRadio(queue: Queue, letters: string): Queue {
  const origin = { batch: "s", label: "Radio", session: "s" };
  return { ...queue, radio: tracks(letters).map((each) => entryOf(each, origin)) };
}

const idOf = (queue: Queue, title: string) => upcoming(queue).find((entry) => entry.track.title === title)?.id ?? "";

describe("the queue", () => {
  it("plays a list from any of its tracks, and goes back to those before", () => {
    const queue = list("abcd", 2);

    expect(short(queue)).toBe("ab|c|d|");
    expect(short(steppedBack(queue))).toBe("a|b|cd|");
  });

  it("plays what the listener chose before what the radio chose", () => {
    let queue = withRadio(list("ab"), "xy");

    const played = [];
    while (upcoming(queue).length) {
      queue = advanced(queue);
      played.push(queue.now);
    }

    expect(titles(played)).toBe("bxy");
  });

  it("inserts after the current track or after all chosen ones, never after the radio's", () => {
    const queue = withRadio(list("ab"), "x");

    expect(short(inserted(queue, entriesOf(tracks("n"), null), "next"))).toBe("|a|nb|x");
    expect(short(inserted(queue, entriesOf(tracks("n"), null), "last"))).toBe("|a|bn|x");
  });

  it("plays what is added to an empty queue", () => {
    expect(short(inserted(EMPTY, entriesOf(tracks("ab"), null), "last"))).toBe("|a|b|");
  });

  it("gives each place an id of its own, even for the same track", () => {
    const queue = list("aaa");

    expect(short(removed(queue, new Set([queue.next[0]?.id ?? ""])))).toBe("|a|a|");
  });

  it.each([
    ["b", 2, "|a|cdb|xy"],
    ["d", 0, "|a|dbc|xy"],
    ["y", 3, "|a|bcd|yx"],
    ["x", 0, "|a|xbcd|y"],
    ["b", 3, "|a|cd|xby"],
  ])("moves %s to place %i", (title, to, expected) => {
    const queue = withRadio(list("abcd"), "xy");

    expect(short(moved(queue, idOf(queue, title), to))).toBe(expected);
  });

  it("passes over tracks when a later one is chosen, and keeps the radio's order", () => {
    const queue = withRadio(list("abcd"), "xyz");

    expect(short(jumpedTo(queue, idOf(queue, "c")))).toBe("a|c|d|xyz");
    expect(short(jumpedTo(queue, idOf(queue, "y")))).toBe("a|y||z");
  });

  it("plays a track of the history again without removing it there", () => {
    const queue = list("abc", 2);

    expect(short(jumpedTo(queue, queue.past[0]?.id ?? ""))).toBe("abc|a||");
  });

  it("shuffles chosen tracks only, and loses none", () => {
    const queue = shuffled(withRadio(list("abcdef"), "xy"), () => 0);

    expect([...titles(queue.next)].sort().join("")).toBe("bcdef");
    expect(titles(queue.next)).not.toBe("bcdef");
    expect(titles(queue.radio)).toBe("xy");
  });

  it("repeats the tracks that were queued together", () => {
    const before = list("xy");
    const queue = replaced(before, entriesOf(tracks("abc"), "List"), 2);

    expect(short(repeated(queue))).toBe("xab|c|abc|");
  });

  it("stays small enough for the browser's storage", () => {
    const many = Array.from({ length: 5000 }, (_, index) => track(String(index)));
    let queue = replaced(EMPTY, entriesOf(many, null), 0);
    for (let round = 0; round < 300; round += 1) queue = advanced(queue);

    expect(JSON.stringify(queue).length).toBeLessThan(2_000_000);
    expect(queue.now?.track.title).toBe("300");
  });
});
