import { expect, test } from "vitest";
import { asQuota } from "./QuotaDialog";

test("an empty field is no limit, and gigabytes become bytes", () => {
  const given = { tracks: "100", upload_bytes: "1.5", requests: " ", analysis_minutes: "0" };

  expect(asQuota(given)).toEqual({ tracks: 100, upload_bytes: 1_500_000_000, requests: null, analysis_minutes: 0 });
});
