import { beforeEach, expect, test } from "vitest";
import type { Schemas } from "../api/client";
import { canSwitch, chooseListener, leaveListener, listener, me, privateSession, reportedListener } from "./listener";

const ANYONE: Schemas["Me"] = {
  authenticated: false,
  key: null,
  session: null,
  listener: null,
  listeners: null,
  scopes: ["read", "listen", "ingest", "admin"],
};

beforeEach(() => {
  me.value = null;
  privateSession.value = false;
  leaveListener();
});

test("the chosen listener is kept in the browser", () => {
  chooseListener("ada");

  expect(listener.value).toBe("ada");
  expect(localStorage.getItem("segue.listener")).toBe('"ada"');
});

test("a key that is bound to one listener decides", () => {
  chooseListener("ada");
  me.value = { ...ANYONE, listener: "bob", listeners: ["bob"] };

  expect(listener.value).toBe("bob");
  expect(canSwitch.value).toBe(false);
});

test("a choice that the key may not reach does not count", () => {
  chooseListener("ada");
  me.value = { ...ANYONE, listeners: ["bob", "eve"] };

  expect(listener.value).toBeNull();
  chooseListener("eve");
  expect(listener.value).toBe("eve");
  expect(canSwitch.value).toBe(true);
});

test("a key without the scope has no listener", () => {
  chooseListener("ada");
  me.value = { ...ANYONE, scopes: ["read"] };

  expect(listener.value).toBeNull();
  expect(canSwitch.value).toBe(false);
});

test("in a private session nobody's plays are stored, and only this tab knows of it", () => {
  chooseListener("ada");
  me.value = ANYONE;
  privateSession.value = true;

  expect(listener.value).toBe("ada");
  expect(reportedListener.value).toBeNull();
  expect(sessionStorage.getItem("segue.private")).toBe("true");
  expect(localStorage.getItem("segue.private")).toBeNull();
});
