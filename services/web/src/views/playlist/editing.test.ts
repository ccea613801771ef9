import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Track } from "../../api/client";
import type { Playlist } from "../../state/playlists";
import { toasts } from "../../state/toasts";
import { append, arrange, type Editor, edit, makeEditor, removeItem } from "./editing";

const track = (id: string) => ({ id, title: `Title ${id}`, duration_ms: 1000 }) as Track;

/** A service with one playlist, as the API behaves. */
class Service {
  name = "Mix";
  revision = 0;
  entries: { id: number; track: string }[] = [];
  requests: string[] = [];
  private last = 0;

  constructor(...tracks: string[]) {
    this.add(tracks);
  }

  add(tracks: string[]) {
    for (const each of tracks) this.entries.push({ id: ++this.last, track: each });
  }

  get body(): Playlist {
    const items = this.entries.map(({ id, track: of }) => ({ id, missing: false, added_at: "", track: track(of) }));
    return { id: "p", name: this.name, revision: this.revision, tracks: items.length, items } as unknown as Playlist;
  }

  answer = async (request: Request): Promise<Response> => {
    this.requests.push(request.method);
    const body = request.method === "GET" ? {} : await request.json();
    if (request.method === "PUT") {
      if (body.revision !== this.revision) return Response.json({ detail: "changed" }, { status: 409 });
      this.change(body);
    }
    if (request.method === "POST") {
      this.add(body.tracks);
      this.revision += 1;
    }
    return Response.json(this.body);
  };

  private change(body: { name?: string; items?: { id?: number; track_id?: string }[] }) {
    this.name = body.name ?? this.name;
    this.revision += 1;
    if (!body.items) return;
    const present = new Map(this.entries.map((entry) => [entry.id, entry]));
    this.entries = [];
    for (const { id, track_id } of body.items) {
      const entry = present.get(id ?? 0);
      if (entry) this.entries.push(entry);
      else this.add([track_id ?? ""]);
    }
  }

  get tracks() {
    return this.entries.map((entry) => entry.track).join("");
  }
}

async function opened(service: Service): Promise<Editor> {
  vi.stubGlobal("fetch", service.answer);
  const editor = makeEditor("p", signal<Playlist | null>(null), signal<Error | null>(null));
  await editor.reload();
  return editor;
}

const shown = (editor: Editor) => editor.playlist.value?.items.map((item) => item.track.id).join("");
const items = (editor: Editor) => editor.playlist.value?.items ?? [];

describe("a playlist that is edited", () => {
  beforeEach(() => {
    toasts.value = [];
  });
  afterEach(() => vi.unstubAllGlobals());

  test("shows a change at once and stores it", async () => {
    const service = new Service("a", "b", "c");
    const editor = await opened(service);
    const done = arrange(editor, [...items(editor)].reverse());
    expect(shown(editor)).toBe("cba");
    await done;
    expect(service.tracks).toBe("cba");
    expect(editor.playlist.value?.revision).toBe(1);
  });

  test("stores quick changes one after another, each from the newest revision", async () => {
    const service = new Service("a", "b", "c");
    const editor = await opened(service);
    void arrange(editor, items(editor).slice(1));
    void edit(editor, { name: "Other" });
    void append(editor, track("d"));
    await arrange(editor, [...items(editor)].reverse());
    expect(service.tracks).toBe("dcb");
    expect(shown(editor)).toBe("dcb");
    expect(service.name).toBe("Other");
    expect(toasts.value).toEqual([]);
  });

  test("removes one of two equal tracks, and brings it back at its place", async () => {
    const service = new Service("a", "b", "a");
    const editor = await opened(service);
    const [first] = items(editor);
    if (!first) throw new Error("no entry");
    removeItem(editor, first);
    expect(shown(editor)).toBe("ba");
    toasts.value[0]?.action?.run();
    await vi.waitFor(() => expect(editor.playlist.value?.revision).toBe(2));
    expect(service.tracks).toBe("aba");
  });

  test("shows the state of the service when another tab was faster, and keeps what that one did", async () => {
    const service = new Service("a", "b");
    const editor = await opened(service);
    service.add(["c"]);
    service.revision += 1;
    void arrange(editor, items(editor).slice(1));
    await edit(editor, { name: "Other" });
    expect(service.tracks).toBe("abc");
    expect(service.name).toBe("Mix");
    expect(shown(editor)).toBe("abc");
    expect(toasts.value.map((toast) => toast.kind)).toEqual(["error"]);
    await arrange(editor, items(editor).slice(1));
    expect(service.tracks).toBe("bc");
  });
});
