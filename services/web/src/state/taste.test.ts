import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applyLanguage, language } from "../texts";
import { dismissTaste, inWords, removeTrack } from "./taste";
import { toasts } from "./toasts";

/** Requests that the service got: it answers each with 204. */
const sent: string[] = [];

beforeEach(() => {
  sent.length = 0;
  toasts.value = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    sent.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response(null, { status: 204 });
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  language.value = "en";
});

test("labels are shown in the language of the page", async () => {
  expect(inWords("calm, piano, slow")).toBe("Calm, piano, slow");
  language.value = "de";
  await applyLanguage();
  expect(inWords("calm, piano, heavy metal")).toBe("Ruhig, Klavier, heavy metal");
});

test("a removed track can be counted again from the message", async () => {
  const reload = vi.fn();
  const track = { id: "t1", title: "Peace" } as Parameters<typeof removeTrack>[1];
  await removeTrack("ada", track, reload);

  expect(toasts.value.map((toast) => toast.text)).toEqual(["“Peace” no longer counts."]);
  toasts.value[0]?.action?.run();
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(2));
  expect(sent).toEqual(["DELETE /v1/users/ada/tracks/t1", "PUT /v1/users/ada/tracks/t1"]);
});

test("a dismissed taste can be wanted again from the message", async () => {
  const reload = vi.fn();
  await dismissTaste("ada", { id: "5f0c9a1be27d", label: "calm" }, reload);
  toasts.value[0]?.action?.run();
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(2));

  const path = "/v1/users/ada/tastes/5f0c9a1be27d/dismiss";
  expect(sent).toEqual([`POST ${path}`, `DELETE ${path}`]);
});

test("a failure is said, and the tastes are loaded anew", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ detail: "The disk is full." }, { status: 507 }));
  const reload = vi.fn();
  await dismissTaste("ada", { id: "x", label: "calm" }, reload);

  expect(toasts.value.map((toast) => [toast.kind, toast.text])).toEqual([["error", "The disk is full."]]);
  expect(reload).toHaveBeenCalledOnce();
});
