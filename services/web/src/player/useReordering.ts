import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { upcoming } from "../state/entries";
import { move } from "../state/queue";
import { queue } from "../state/queueState";

/**
 * Let upcoming entries be dragged with a pointer and moved with keys. The rows in `list` carry their entry's id as
 * `data-entry`.
 */
export function useReordering(list: RefObject<HTMLElement>) {
  const dragged = useSignal<string | null>(null);
  const rows = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-entry]") ?? [])];
  const indexOf = (id: string) => upcoming(queue.peek()).findIndex((entry) => entry.id === id);

  function moveTo(id: string, to: number) {
    if (to !== indexOf(id) && to >= 0 && to < upcoming(queue.peek()).length) move(id, to);
  }

  /** Follow the pointer until it is released: the entry takes the place of the row below it. */
  function drag(id: string, started: PointerEvent) {
    if (started.button !== 0) return;
    started.preventDefault();
    dragged.value = id;
    const control = new AbortController();
    const { signal } = control;
    const follow = ({ clientY }: PointerEvent) => {
      const others = rows().filter((row) => row.dataset.entry !== id);
      moveTo(id, others.filter((row) => middleOf(row) < clientY).length);
    };
    const drop = () => {
      dragged.value = null;
      control.abort();
    };
    window.addEventListener("pointermove", follow, { signal });
    window.addEventListener("pointerup", drop, { signal });
    window.addEventListener("pointercancel", drop, { signal });
  }

  /** Move by one place. The focus follows the entry, whose row the browser may have taken out and put back. */
  function moveBy(id: string, by: -1 | 1) {
    moveTo(id, indexOf(id) + by);
    requestAnimationFrame(() => {
      const row = rows().find(({ dataset }) => dataset.entry === id);
      row?.querySelector<HTMLElement>("button")?.focus();
      row?.scrollIntoView({ block: "nearest" });
    });
  }

  return { dragged, drag, moveBy };
}

function middleOf(row: HTMLElement): number {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
