/** What the pointer does on the map: hover, choose, draw a lasso, draw a path. Moving the map is the scene's work. */

import { batch } from "@preact/signals";
import { t } from "../../texts";
import { choosePathEnd, findPath } from "./actions";
import { type Point, toMap, type View } from "./geometry";
import type { MapIndex } from "./MapIndex";
import { clearChoice, drawn, hovered, mode, pathStart, pinned, selection, view } from "./state";

/** How far from a point the pointer may be, in CSS pixels. */
const REACH = { mouse: 12, touch: 28 };
/** A pointer that moved less than this was not dragged. */
const DRAG_PIXELS = 5;

interface Drag {
  pointer: number;
  from: Point;
  /** What is drawn; null if the map is moved. */
  draws: "lasso" | "path" | null;
  start: number | null;
  hasMoved: boolean;
}

/** Follow the pointer on an element. `setDragging` says whether dragging moves the map. Returns how to stop. */
export function followPointer(
  element: HTMLElement,
  indexOf: () => MapIndex,
  setDragging: (movesMap: boolean) => void,
): () => void {
  let drag: Drag | null = null;
  let waiting: PointerEvent | null = null;

  function placeOf(event: PointerEvent): Point {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function pointAt(event: PointerEvent, now: View): number | null {
    const reach = event.pointerType === "touch" ? REACH.touch : REACH.mouse;
    return indexOf().nearest(toMap(now, placeOf(event)), reach / 2 ** now.zoom);
  }

  function onDown(event: PointerEvent) {
    const now = view.peek();
    if (!now || !event.isPrimary || event.button !== 0 || isControl(event)) return;
    const start = pointAt(event, now);
    drag = { pointer: event.pointerId, from: placeOf(event), draws: drawsWith(event, start), start, hasMoved: false };
    setDragging(drag.draws === null);
  }

  function drawsWith(event: PointerEvent, start: number | null): Drag["draws"] {
    if (mode.peek() === "lasso" || event.shiftKey) return "lasso";
    const mayDrag = mode.peek() === "path" || event.pointerType !== "touch";
    return start !== null && mayDrag ? "path" : null;
  }

  function onMove(event: PointerEvent) {
    if (drag === null && event.pointerType === "touch") return;
    if (waiting === null) requestAnimationFrame(follow);
    waiting = event;
  }

  function follow() {
    const [event, now] = [waiting, view.peek()];
    waiting = null;
    if (!event || !now) return;
    const place = placeOf(event);
    if (drag?.pointer === event.pointerId) {
      drag.hasMoved ||= Math.hypot(place.x - drag.from.x, place.y - drag.from.y) > DRAG_PIXELS;
      if (drag.hasMoved && drag.draws) draw(drag, toMap(now, place), now);
    }
    hovered.value = isControl(event) || (drag?.hasMoved && drag.draws !== "path") ? null : pointAt(event, now);
  }

  function draw({ draws, start, from }: Drag, place: Point, now: View) {
    if (draws === "path" && start !== null) drawn.value = [indexOf().at(start), place];
    if (draws === "lasso") drawn.value = [...(drawn.peek().length ? drawn.peek() : [toMap(now, from)]), place];
  }

  function onUp(event: PointerEvent) {
    const [ended, now] = [drag, view.peek()];
    if (ended?.pointer !== event.pointerId || !now) return;
    drag = null;
    setDragging(true);
    const polygon = drawn.peek();
    drawn.value = [];
    if (event.type === "pointercancel") return;
    if (!ended.hasMoved) choose(ended.start, event);
    else if (ended.draws === "lasso") enclose(polygon);
    else if (ended.draws === "path") connect(ended.start, pointAt(event, now));
  }

  function connect(start: number | null, end: number | null) {
    if (start !== null && end !== null && end !== start) findPath(indexOf(), start, end);
  }

  function choose(number: number | null, at: PointerEvent) {
    const label = number === null ? labelAt(at) : null;
    if (label) return label.click();
    batch(() => {
      if (number === null) return clearChoice();
      if (mode.peek() === "path" || pathStart.peek() !== null) choosePathEnd(indexOf(), number);
      pinned.value = number;
    });
  }

  function enclose(polygon: readonly Point[]) {
    const numbers = indexOf().inside(polygon);
    batch(() => {
      clearChoice();
      mode.value = "move";
      if (numbers.length) selection.value = { title: t().map.chosen, numbers };
    });
  }

  /** The label of a region lets the pointer through, because points lie below it. */
  function labelAt({ clientX: x, clientY: y }: PointerEvent): HTMLElement | undefined {
    return [...element.querySelectorAll<HTMLElement>("[data-level]")].find((label) => {
      const { left, right, top, bottom } = label.getBoundingClientRect();
      return x > left && x < right && y > top && y < bottom;
    });
  }

  const onLeave = () => {
    hovered.value = null;
  };

  const listeners: [string, (event: PointerEvent) => void][] = [
    ["pointerdown", onDown],
    ["pointermove", onMove],
    ["pointerup", onUp],
    ["pointercancel", onUp],
    ["pointerleave", onLeave],
  ];
  // Before the scene gets the event, which then knows whether dragging moves the map.
  for (const [name, listener] of listeners)
    element.addEventListener(name, listener as EventListener, { capture: true });
  return () => {
    for (const [name, listener] of listeners) {
      element.removeEventListener(name, listener as EventListener, { capture: true });
    }
  };
}

const isControl = (event: Event): boolean =>
  event.target instanceof Element && event.target.closest("[data-over-map]") !== null;
