import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Track } from "../api/client";
import { EMPTY } from "./entries";
import { chooseListener, leaveListener, meError, privateSession } from "./listener";
import { flush, unsent } from "./listens";
import { heard, playing } from "./playback";
import { addToQueue, playNow, skip, startRadio, verdict } from "./queue";
import { continues, queue, radio } from "./queueState";
import { fill } from "./radio";
import { recommendedIn } from "./recommended";
import { rememberVerdict } from "./verdicts";

interface Sent {
  path: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of several requests
  body: any;
}

/** The service at the other end of `fetch`: it numbers sessions and tracks, and can fail. */
class Service {
  sent: Sent[] = [];
  sessions = 0;
  tracks = 0;
  isAway = false;
  hasExpired = false;
  hasFiles = true;

  respond = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname;
    const body = request.method === "POST" ? await request.json().catch(() => null) : null;
    this.sent.push({ path, body });
    if (this.isAway) throw new TypeError("no connection");
    if (path.endsWith("/next")) return this.next(body.limit);
    if (path.endsWith("/radio")) {
      if (body.seeds && !this.hasFiles) return Response.json({ detail: "No seed matches." }, { status: 422 });
      this.sessions += 1;
      return Response.json({ id: `session-${this.sessions}` }, { status: 201 });
    }
    return Response.json({});
  };

  private next(limit: number): Response {
    if (this.hasExpired) {
      this.hasExpired = false;
      return Response.json({ detail: "The session has expired." }, { status: 404 });
    }
    const tracks = Array.from({ length: limit }, () => {
      this.tracks += 1;
      return { ...track(`radio ${this.tracks}`), because_of: ["words:calm"], direction: 1, score: 1 };
    });
    const directions = [{ number: 1, label: "calm, piano" }];
    return Response.json({ tracks, directions, recommendation_id: `answer-${this.tracks}` });
  }

  to(end: string): Sent[] {
    return this.sent.filter(({ path }) => path.endsWith(end));
  }
}

const track = (title: string) =>
  ({ id: title, title, duration_ms: 100_000, attributes: null, ids: {} }) as unknown as Track;
const titles = () => queue.value.radio.map((entry) => entry.track.title);

let service: Service;

beforeEach(() => {
  service = new Service();
  vi.stubGlobal("fetch", service.respond);
  meError.value = new Error("not asked in these tests");
  queue.value = EMPTY;
  radio.value = null;
  unsent.value = [];
  heard.value = 0;
  playing.value = false;
  privateSession.value = false;
  leaveListener();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a radio", () => {
  it("keeps five tracks ahead, each with its reason", async () => {
    await startRadio({ label: "Calm", text: "calm", tracks: [track("first")] });

    expect(queue.value.now?.track.title).toBe("first");
    expect(titles()).toHaveLength(5);
    expect(queue.value.radio[0]?.reason).toEqual({ label: "calm, piano", because: { kind: "words", name: "calm" } });
  });

  it("reports a skip once, and adds behind what is shown", async () => {
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });
    const shown = titles();

    heard.value = 9000;
    skip();
    await fill();

    const [, call] = service.to("/next");
    expect(call?.body.events).toMatchObject([{ track_id: "first", event: "skip", played_ms: 9000 }]);
    expect(call?.body.limit).toBe(1);
    expect(titles()).toEqual([...shown.slice(1), "radio 6"]);
  });

  it("counts a track that was nearly heard to its end as played", async () => {
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });

    heard.value = 81_000;
    skip();
    await fill();

    expect(service.to("/next")[1]?.body.events).toMatchObject([{ event: "play", played_ms: 81_000 }]);
  });

  it("repeats a call without an answer with the same key and the same events", async () => {
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });
    vi.useFakeTimers();
    service.isAway = true;
    skip();
    await fill();
    skip();
    await fill();
    service.isAway = false;

    await vi.runAllTimersAsync();
    await fill();

    const [, lost, ...later] = service.to("/next").map(({ body }) => body);
    expect(later[0]).toEqual(lost);
    expect(later.flatMap(({ events }) => events).filter(({ track_id }) => track_id === "first").length).toBeGreaterThan(
      0,
    );
    expect(later.at(-1).events).toMatchObject([{ track_id: "radio 1", event: "skip" }]);
    expect(titles()).toHaveLength(5);
  });

  it("goes on with a new session that knows the past when the old one has expired", async () => {
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });
    service.hasExpired = true;

    skip();
    await fill();

    expect(radio.value?.session).toBe("session-2");
    expect(service.to("/radio")[1]?.body.history).toMatchObject([{ track_id: "first", event: "skip" }]);
    expect(titles()).toHaveLength(5);
  });

  it("starts a session without the listener when the session becomes private", async () => {
    chooseListener("ada");
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });

    privateSession.value = true;
    skip();
    await fill();

    expect(service.to("/radio").map(({ body }) => body.user)).toEqual(["ada", undefined]);
    expect(service.to("/session-1/next")).toHaveLength(1);
    expect(service.to("/listens")).toHaveLength(0);
  });

  it("continues a list shortly before its end, from its tracks", async () => {
    playNow([track("a"), track("b"), track("c")], { from: "Album" });
    await fill();
    expect(service.sent).toEqual([]);

    skip();
    await fill();

    expect(service.to("/radio")[0]?.body.seeds.tracks).toContain("b");
    expect(titles()).toHaveLength(5);
  });

  it("continues a list whose files are gone with what the listener likes", async () => {
    service.hasFiles = false;

    playNow([track("a")]);
    await fill();

    expect(service.to("/radio").map(({ body }) => body.seeds?.tracks)).toEqual([["a"], undefined]);
    expect(titles()).toHaveLength(5);
  });

  it("plays what the listener adds before its own tracks", async () => {
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });

    addToQueue([track("mine")]);
    skip();

    expect(queue.value.now?.track.title).toBe("mine");
  });
});

describe("listens outside of a radio", () => {
  it("are kept until the service has stored them, and sent with the same time", async () => {
    chooseListener("ada");
    playNow([track("a"), track("b"), track("c"), track("d")]);
    service.isAway = true;
    heard.value = 30_000;
    skip();
    await vi.waitFor(() => expect(service.to("/ada/listens")).toHaveLength(1));
    expect(unsent.value).toHaveLength(1);

    service.isAway = false;
    await vi.waitFor(async () => {
      await flush();
      expect(unsent.value).toHaveLength(0);
    });

    const [first, second] = service.to("/ada/listens");
    expect(second?.body).toEqual(first?.body);
    expect(first?.body.listens).toMatchObject([{ track_id: "a", event: "skip", played_ms: 30_000 }]);
  });

  it("are not sent without a listener", async () => {
    playNow([track("a"), track("b"), track("c"), track("d")]);
    heard.value = 30_000;
    skip();
    await verdict(track("b"), "like");

    expect(unsent.value).toEqual([]);
    expect(service.to("/listens")).toEqual([]);
  });
});

describe("a list with a banned track", () => {
  const banned = track("banned");
  const played = () => [queue.value.now, ...queue.value.next].map((entry) => entry?.track.title);

  beforeEach(() => rememberVerdict("banned", "ban"));
  afterEach(() => rememberVerdict("banned", null));

  it("plays without it", () => {
    playNow([banned, track("a"), track("b")]);
    addToQueue([banned, track("c")]);

    expect(played()).toEqual(["a", "b", "c"]);
  });

  it("plays from the track that the listener pointed at, even if it is the banned one", () => {
    playNow([banned, track("a"), track("b")], { start: 1 });
    expect(played()).toEqual(["a", "b"]);

    playNow([track("a"), banned, track("b")], { start: 1 });
    expect(played()).toEqual(["banned", "b"]);
  });

  it("plays it alone when it is chosen alone, and nothing when all are banned", () => {
    playNow([banned]);
    playNow([banned, { ...banned }]);

    expect(played()).toEqual(["banned"]);
  });
});

describe("recommended tracks", () => {
  it("name their answer in what is reported to the radio", async () => {
    chooseListener("Ada");
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });
    await fill(); // an earlier test may have left a call
    skip();
    const chosen = queue.value.now?.recommendation;
    heard.value = 5_000;
    skip();
    await fill();

    const events = service.to("/next").flatMap(({ body }) => body.events);
    expect(chosen).toMatch(/^answer-/);
    expect(events.map(({ recommendation_id }) => recommendation_id)).toEqual([null, chosen]);
  });

  it("name their answer in listens", async () => {
    chooseListener("Ada");
    continues.value = false;
    const [recommended] = recommendedIn({ recommendation_id: "answer", tracks: [track("one")] });
    if (recommended) playNow([recommended, track("two")]);
    heard.value = 5_000;
    skip();
    continues.value = true;

    const expected = [{ track_id: "one", recommendation_id: "answer" }];
    await vi.waitFor(() => expect(service.to("/listens")[0]?.body.listens).toMatchObject(expected));
  });

  it("are not kept in a private session", async () => {
    chooseListener("Ada");
    privateSession.value = true;
    await startRadio({ label: "Calm", seeds: ["first"], tracks: [track("first")] });

    expect(service.to("/radio")[0]?.body).toMatchObject({ private: true });
  });
});
