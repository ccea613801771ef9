import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../components/Message";
import { route } from "../../router";
import { stopPreview } from "../../state/preview";
import { say } from "../../state/toasts";
import { t } from "../../texts";
import { showTrack } from "./actions";
import { ChoicePanel } from "./ChoicePanel";
import { paletteOf } from "./colours";
import { Drawing } from "./Drawing";
import { isSameView, type View } from "./geometry";
import { followPointer } from "./gestures";
import { onMapKey } from "./keyboard";
import { Legend } from "./Legend";
import styles from "./Map.module.css";
import type { MapIndex } from "./MapIndex";
import { Overlay } from "./Overlay";
import { Scene } from "./Scene";
import { colouredBy, mode, panelOpen, path, selection, view } from "./state";
import { Toolbar } from "./Toolbar";
import { usePreview } from "./usePreview";

/** Alpha of the points, and of those that were not chosen. */
const ALPHA = 215;
const DIMMED = 40;

/** The map as a picture that fills the view, with its controls on it. */
export function MapStage({ index, error }: { index: MapIndex; error: Error | null }) {
  const texts = t().map;
  const stage = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const scene = useRef<Scene>();
  const held = useRef(index);
  const framed = useRef(index);
  const [failure, setFailure] = useState<Error | null>(null);
  held.current = index;

  /** Show all points as long as nothing else was chosen, whatever the size of the window and the number of points. */
  function frame({ width, height }: Pick<View, "width" | "height">) {
    const before = view.peek();
    const isWhole = !before || isSameView(before, framed.current.whole(before));
    framed.current = held.current;
    view.value = isWhole ? held.current.whole({ width, height }) : { ...before, width, height };
  }

  useEffect(() => {
    document.title = `${t().nav.map} · Segue`;
    const [outer, inner] = [stage.current, canvas.current];
    if (!outer || !inner) return;
    const measure = () => {
      frame({ width: outer.clientWidth, height: outer.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(outer);
    const made = new Scene(
      inner,
      view.peek() ?? index.whole({ width: outer.clientWidth, height: outer.clientHeight }),
      index.whole({ width: outer.clientWidth, height: outer.clientHeight }).zoom,
      (next) => {
        view.value = { ...(view.peek() ?? next), x: next.x, y: next.y, zoom: next.zoom };
      },
      setFailure,
    );
    scene.current = made;
    const stop = followPointer(
      outer,
      () => held.current,
      (moves) => made.setDragging(moves),
    );
    return () => {
      observer.disconnect();
      stop();
      stopPreview();
      made.destroy();
      scene.current = undefined;
    };
  }, []);

  useSignalEffect(() => {
    if (view.value) scene.current?.setView(view.value, held.current.whole(view.value).zoom);
  });
  useEffect(() => {
    draw(scene.current, index);
    if (view.peek()) frame(view.peek() as View);
  }, [index]);
  useSignalEffect(() => draw(scene.current, held.current));
  usePreview(index);

  const wanted = route.value.query.get("track");
  useEffect(() => {
    if (wanted && view.value && !showTrack(index, wanted)) say(texts.notOnMap);
  }, [wanted, index]);

  if (failure) return <ErrorMessage error={failure} onRetry={() => location.reload()} />;
  return (
    <div ref={stage} class={styles.stage} data-mode={mode.value}>
      <h1 class={styles.hidden}>{t().nav.map}</h1>
      <div ref={canvas} class={styles.canvas} />
      <Drawing />
      <div
        class={styles.keys}
        role="application"
        aria-label={texts.keys}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk from point to point
        tabIndex={0}
        onKeyDown={(event) => onMapKey(event, index)}
      />
      <Overlay index={index} />
      <Toolbar index={index} />
      <Legend error={error} />
      {panelOpen.value && <ChoicePanel index={index} />}
    </div>
  );
}

/** Draw the points with their colours. What was not chosen is dimmed. */
function draw(scene: Scene | undefined, index: MapIndex): void {
  const coloured = colouredBy.value;
  const chosen = selection.value?.numbers ?? null;
  const onPath = path.value?.tracks.map(({ id }) => index.numberOf(id)).filter((number) => number !== null) ?? null;
  const kept = chosen ?? onPath;
  const palette = paletteOf(document.documentElement);
  const base = coloured?.colours.length === 3 * index.count ? coloured.colours : null;
  const colours = new Uint8Array(4 * index.count);
  for (let number = 0; number < index.count; number++) {
    const [red, green, blue] = base ? base.subarray(3 * number, 3 * number + 3) : palette.other;
    colours.set([red as number, green as number, blue as number, kept ? DIMMED : ALPHA], 4 * number);
  }
  for (const number of kept ?? []) colours[4 * number + 3] = 255;
  scene?.setAppearance({
    positions: index.positions,
    colours,
    path: (onPath ?? []).map((number) => index.at(number)),
    pathColour: palette.path,
  });
}
