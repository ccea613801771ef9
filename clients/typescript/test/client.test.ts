/** The client against the service at SEGUE_URL, whose library is that of the Python tests. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Segue, type SegueError } from "../src/index.js";

const url = process.env.SEGUE_URL;
assert(url, "SEGUE_URL is not set");
const segue = new Segue(url);

test("a history and a filter are answered", async () => {
  const found = await segue.recommend({
    history: ["test:1", ["test:2", "skip"], { track_id: "test:5", event: "like" }, "nobody"],
    filters: { tempo: { min: 84 } },
    exclude: { artists: ["Artist 2"] },
  });

  assert.deepEqual(found.unknown, ["nobody"]);
  assert(found.tracks.length > 0);
  for (const track of found.tracks) {
    assert((track.descriptors?.tempo ?? 0) >= 84);
    assert.notEqual(track.artist, "Artist 2");
  }
});

test("a loop over a radio reports what happened", async () => {
  const radio = await segue.radio({ seeds: ["test:0"], seed: 5 });
  const heard: string[] = [];
  for await (const track of radio) {
    heard.push(track.id);
    if (heard.length === 2) radio.skip(1500);
    if (heard.length === 3) radio.like();
    if (heard.length === 4) radio.ban();
    if (heard.length === 5) break;
  }
  const { session } = await segue.resumeRadio(radio.id);
  const told = session.played.map((each) => `${heard.indexOf(each.track_id)} ${each.event} ${each.played_ms}`).sort();

  assert.equal(new Set(heard).size, 5);
  assert.deepEqual(told, ["0 play null", "1 skip 1500", "2 like null", "2 play null", "3 ban null"]);
  radio.steer({ text: "folk", mood: "party" });
  await radio.next();
  assert.equal(radio.answer?.mood, "party");
  assert.equal(radio.answer?.understood[0]?.rest, "folk");
  await radio.end();
  await assert.rejects(radio.next(), { status: 404 });
});

test("a track whose answer was lost is returned again", async () => {
  const radio = await segue.radio({ seeds: ["test:3"] });
  const lost = await segue.nextRadioTracks(radio.id, { limit: 1, call: "0" });

  assert.equal((await radio.next()).value?.id, lost.tracks[0]?.id);
  assert.notEqual((await radio.next()).value?.id, lost.tracks[0]?.id);
  const resumed = await segue.resumeRadio(radio.id);
  assert.throws(() => resumed.skip(), /no track yet/);
});

test("a radio goes on after a lost answer whatever is reported meanwhile", async () => {
  let lose = false;
  const network = async (request: Request) => {
    const response = await fetch(request);
    if (lose) {
      lose = false;
      throw new TypeError("lost");
    }
    return response;
  };
  const radio = await new Segue(url, { fetch: network }).radio({ seeds: ["test:0"] });
  const heard = [(await radio.next()).value?.id];
  lose = true;
  await assert.rejects(radio.next(), { status: 0 });
  radio.dislike();
  radio.steer({ mood: "party" });
  heard.push((await radio.next()).value?.id);
  assert.equal(radio.answer?.mood, null);
  heard.push((await radio.next()).value?.id);
  assert.equal(radio.answer?.mood, "party");
  const { session } = await segue.resumeRadio(radio.id);
  const told = session.played.map((each) => `${heard.indexOf(each.track_id)} ${each.event}`).sort();

  assert.equal(new Set(heard).size, 3);
  assert.deepEqual(told, ["0 dislike", "0 play", "1 play"]);
});

test("an invalid report does not block a radio", async () => {
  const radio = await segue.radio({ seeds: ["test:0"] });
  const heard = [(await radio.next()).value?.id];
  for (const playedMs of [-1, 86_400_001, 1.5, Number.NaN])
    assert.throws(() => radio.skip(playedMs), { name: "RangeError", message: new RegExp(`playedMs=${playedMs}\\.`) });
  radio.skip(86_400_000);
  assert.throws(() => radio.steer({ text: 1n as unknown as string }), TypeError);
  heard.push((await radio.next()).value?.id);
  radio.steer({ mood: "nonsense" as "party" });
  await assert.rejects(radio.next(), { status: 422 });
  radio.steer({ mood: "party" });
  heard.push((await radio.next()).value?.id);
  const { session } = await segue.resumeRadio(radio.id);
  const told = session.played.map((each) => `${heard.indexOf(each.track_id)} ${each.event} ${each.played_ms}`).sort();

  assert.equal(new Set(heard).size, 3);
  assert.equal(radio.answer?.mood, "party");
  assert.deepEqual(told, ["0 skip 86400000", "1 play null"]);
});

test("a radio is asked for one track at a time", async () => {
  const radio = await segue.radio({ seeds: ["test:0"] });
  const [first, second] = await Promise.allSettled([radio.next(), radio.next()]);

  assert.equal(first.status, "fulfilled");
  assert(second.status === "rejected" && /one at a time/.test(second.reason.message));
  assert((await radio.next()).value);
});

test("names and keys that cannot be sent are refused", async () => {
  for (const name of ["", ".", ".."]) await assert.rejects(segue.similar(name), /cannot be an id/);
  for (const key of ["clé", "a\nb", ""]) assert.throws(() => new Segue(url, { key }), /no API key/);
});

test("a library is read page by page", async () => {
  const ids = new Set<string>();
  for await (const track of segue.tracks({ limit: 5 })) ids.add(track.id);

  assert.equal(ids.size, (await segue.ask(segue.api.GET("/v1/status"))).tracks.ready);
});

test("paths, searches, similar tracks and listens have types", async () => {
  const path = await segue.path("test:0", "test:3", { steps: 5, genre: ["Folk"] });
  const similar = await segue.similar("test:2", { limit: 3, min_tempo: 84 });
  const found = await segue.search("Title 007");
  const recorded = await segue.listen("typescript", [
    { track_id: "test:1", event: "like", at: "2026-01-01T00:00:00Z" },
  ]);

  assert(path.tracks.length >= 2 && path.tracks.length <= 5);
  assert.equal(similar.tracks.length, 3);
  assert.equal((await segue.highlight("test:2")).start, 0);
  assert.equal(found.tracks[0]?.title, "Title 007");
  assert.equal(recorded.recorded, 1);
  assert.equal((await segue.taste("typescript")).counts.events.like, 1);
});

test("problems are errors", async () => {
  await assert.rejects(segue.track("a/b?c#d"), (error: SegueError) => {
    assert.equal(error.status, 404);
    assert.equal(error.problem?.type, "urn:segue:problem:track-not-found");
    assert.equal(error.message, error.problem?.detail);
    return true;
  });
  await assert.rejects(new Segue("http://127.0.0.1:1").track("x"), { status: 0, message: /segue up/ });
});
