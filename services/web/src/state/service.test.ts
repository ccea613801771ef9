import { afterEach, describe, expect, it } from "vitest";
import { changes, onEvent, type Progress, runningJobs, type Status, status, workDone } from "./service";

const STATUS = {
  tracks: { ready: 60, pending: 30 },
  failures: 0,
  left_out: 0,
  folders: [],
  analysis: { waiting: 30 },
} as unknown as Status;
const JOB: Progress = {
  id: "j1",
  kind: "scan",
  state: "running",
  path: "/music",
  total: 4,
  done: 1,
  failed: 1,
  left_out: 0,
};

const send = (event: string, data: unknown) => onEvent({ event, data: JSON.stringify(data), id: undefined });

afterEach(() => {
  status.value = null;
  runningJobs.value = new Map();
});

describe("the events of the service", () => {
  it("keep the last status, and count changes of failures", () => {
    send("status", STATUS);
    const before = changes.value;
    send("status", { ...STATUS, failures: 2 });

    expect(status.value?.failures).toBe(2);
    expect(changes.value).toBe(before + 1);
  });

  it("show a job while it runs, and count its end", () => {
    send("job", JOB);
    expect([...runningJobs.value.keys()]).toEqual(["j1"]);
    const before = changes.value;

    send("job", { ...JOB, state: "done", done: 3 });

    expect(runningJobs.value.size).toBe(0);
    expect(changes.value).toBe(before + 1);
  });
});

describe("the work that is done", () => {
  it("is unknown without work", () => {
    send("status", { ...STATUS, analysis: { waiting: 0 } });

    expect(workDone.value).toBeNull();
  });

  it("is the share of the files of running jobs", () => {
    send("status", STATUS);
    send("job", JOB);

    expect(workDone.value).toBe(0.5);
  });

  it("is the share of analysed tracks without a job", () => {
    send("status", STATUS);

    expect(workDone.value).toBeCloseTo(2 / 3);
  });
});
