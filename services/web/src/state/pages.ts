/** A long list of which only the parts on screen are loaded. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

export interface Part<T> {
  items: readonly T[];
  /** Length of the whole list. */
  total: number;
}

export type LoadPart<T> = (offset: number, limit: number, cancelled: AbortSignal) => Promise<Part<T>>;

/** Items of one request: the maximum of the API. */
const SIZE = 100;
/** Pages that are kept: the others are loaded again when they are shown. */
const KEPT = 40;
/** While the scroll bar is dragged, pages fly by: only those that stay this long are loaded. */
const SETTLE_MS = 80;

export class Pages<T> {
  /** Length of the list; null until the first page is there. */
  readonly total = signal<number | null>(null);
  readonly error = signal<Error | null>(null);
  private readonly held = signal<ReadonlyMap<number, readonly T[]>>(new Map());
  private readonly running = new Map<number, AbortController>();
  private wanted: readonly number[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly load: LoadPart<T>) {}

  /** Return an item; undefined if it is not loaded. Reactive. */
  item(index: number): T | undefined {
    return this.held.value.get(Math.floor(index / SIZE))?.[index % SIZE];
  }

  /** Return the loaded items that follow each other from this one on. */
  from(index: number, count: number): T[] {
    const found: T[] = [];
    for (let at = index; found.length < count; at++) {
      const item = this.held.peek().get(Math.floor(at / SIZE))?.[at % SIZE];
      if (item === undefined) break;
      found.push(item);
    }
    return found;
  }

  /** Load the first page. */
  start(): Promise<void> {
    return this.fetch(0);
  }

  /** Load what is on screen, and the page that follows. */
  show(first: number, last: number): void {
    const pages = [];
    for (let page = Math.floor(first / SIZE); page <= Math.floor(last / SIZE) + 1; page++) pages.push(page);
    this.wanted = pages;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.loadWanted(), SETTLE_MS);
  }

  /** Load again what failed. */
  retry(): void {
    this.error.value = null;
    this.loadWanted();
    if (this.total.peek() === null) void this.start();
  }

  /** Stop loading. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const control of this.running.values()) control.abort();
  }

  private loadWanted(): void {
    for (const [page, control] of this.running) if (!this.wanted.includes(page)) control.abort();
    const end = Math.ceil((this.total.peek() ?? 0) / SIZE);
    for (const page of this.wanted) if (page < end && !this.held.peek().has(page)) void this.fetch(page);
  }

  private async fetch(page: number): Promise<void> {
    if (this.closed || this.running.has(page)) return;
    const control = new AbortController();
    this.running.set(page, control);
    try {
      const { items, total } = await this.load(page * SIZE, SIZE, control.signal);
      if (control.signal.aborted) return;
      this.hold(page, items);
      this.error.value = null;
      this.total.value = total;
    } catch (error) {
      if (!control.signal.aborted) this.error.value = error instanceof Error ? error : new Error(String(error));
    } finally {
      if (this.running.get(page) === control) this.running.delete(page);
    }
  }

  private hold(page: number, items: readonly T[]): void {
    const pages = new Map(this.held.peek()).set(page, items);
    const distance = (each: number) => Math.abs(each - (this.wanted[0] ?? page));
    const surplus = [...pages.keys()]
      .sort((a, b) => distance(b) - distance(a))
      .slice(0, Math.max(0, pages.size - KEPT));
    for (const each of surplus) pages.delete(each);
    this.held.value = pages;
  }
}

/** Load a list anew when `dependencies` change. The last list stays until the next one is there. */
export function usePages<T>(load: LoadPart<T>, dependencies: unknown[]): Pages<T> | null {
  const [shown, setShown] = useState<Pages<T> | null>(null);
  useEffect(() => {
    const next = new Pages(load);
    let isWanted = true;
    void next.start().then(() => isWanted && setShown(next));
    return () => {
      isWanted = false;
      next.close();
    };
  }, dependencies);
  return shown;
}
