import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pages } from "./pages";

/** A list of numbers, and the offsets that were asked for. */
function numbers(total: number) {
  const asked: number[] = [];
  const cancelled: number[] = [];
  const pages = new Pages<number>(async (offset, limit, signal) => {
    asked.push(offset);
    signal.addEventListener("abort", () => cancelled.push(offset));
    await Promise.resolve();
    const length = Math.max(0, Math.min(limit, total - offset));
    return { items: Array.from({ length }, (_, index) => offset + index), total };
  });
  return { pages, asked, cancelled };
}

describe("a long list", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("loads its first page and its length", async () => {
    const { pages, asked } = numbers(100_000);

    await pages.start();

    expect(pages.total.value).toBe(100_000);
    expect([pages.item(0), pages.item(99), pages.item(100)]).toEqual([0, 99, undefined]);
    expect(asked).toEqual([0]);
  });

  it("loads what is on screen and the page that follows, once", async () => {
    const { pages, asked } = numbers(100_000);
    await pages.start();

    pages.show(70_050, 70_070);
    await vi.runAllTimersAsync();
    pages.show(70_060, 70_080);
    await vi.runAllTimersAsync();

    expect(pages.item(70_060)).toBe(70_060);
    expect(asked).toEqual([0, 70_000, 70_100]);
  });

  it("does not load pages that fly by", async () => {
    const { pages, asked } = numbers(100_000);
    await pages.start();

    for (let first = 1000; first <= 50_000; first += 1000) pages.show(first, first + 20);
    await vi.runAllTimersAsync();

    expect(asked).toEqual([0, 50_000, 50_100]);
  });

  it("loads nothing beyond its end", async () => {
    const { pages, asked } = numbers(130);
    await pages.start();

    pages.show(110, 129);
    await vi.runAllTimersAsync();

    expect(asked).toEqual([0, 100]);
    expect(pages.from(95, 50)).toHaveLength(35);
  });

  it("forgets pages that are far away", async () => {
    const { pages, asked } = numbers(100_000);
    await pages.start();

    for (let first = 200; first < 20_000; first += 200) {
      pages.show(first, first + 20);
      await vi.runAllTimersAsync();
    }
    expect(pages.item(0)).toBeUndefined();
    pages.show(0, 20);
    await vi.runAllTimersAsync();

    expect(pages.item(0)).toBe(0);
    expect(asked.filter((offset) => offset === 0)).toHaveLength(2);
  });

  it("says why it is not loaded, and loads when it is asked again", async () => {
    let isBroken = true;
    const pages = new Pages<number>(async () => {
      if (isBroken) throw new Error("The service is away.");
      return { items: [1], total: 1 };
    });

    await pages.start();
    expect(pages.error.value?.message).toBe("The service is away.");
    isBroken = false;
    pages.retry();
    await vi.waitFor(() => expect(pages.item(0)).toBe(1));

    expect(pages.error.value).toBeNull();
  });

  it("cancels requests when it is closed", async () => {
    const { pages, cancelled } = numbers(10);

    const started = pages.start();
    pages.close();
    await started;

    expect(cancelled).toEqual([0]);
    expect(pages.total.value).toBeNull();
  });
});
