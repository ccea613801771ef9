/** The element that scrolls: the content of the page. */

import { useEffect, useRef, useState } from "preact/hooks";

/** Return the scrolling element, which the shell renders around every view. */
export function useScroller() {
  const scroller = useRef(document.getElementById("content"));
  return scroller;
}

/** Return the width of an element in pixels, 0 before it is shown. */
export function useWidth<E extends HTMLElement>() {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return { element, width };
}
