import { Deck, OrthographicView } from "@deck.gl/core";
import { PathLayer, ScatterplotLayer } from "@deck.gl/layers";
import { type Point, scaleOf, type View, ZOOM_MAX } from "./geometry";

/** Radius of a point in CSS pixels at the zoom of the whole map, and its growth with the zoom. */
const RADIUS_MIN = 1.5;
const RADIUS_MAX = 9;
/** Points are as large as lets this share of the map be covered, if they were spread evenly. */
const COVERED = 0.08;

export interface Appearance {
  positions: Float32Array;
  /** Red, green, blue and alpha of each point. */
  colours: Uint8Array;
  /** The tracks of a path. */
  path: readonly Point[];
  pathColour: readonly [number, number, number];
}

interface DeckViewState {
  target: [number, number, number];
  zoom: number;
}

/** Draws the points with WebGL, and moves the view as the pointer wants. */
export class Scene {
  private readonly deck: Deck<OrthographicView>;
  private appearance: Appearance | null = null;
  private view: View;

  constructor(
    parent: HTMLDivElement,
    view: View,
    private wholeZoom: number,
    private readonly onView: (view: View) => void,
    onError: (error: Error) => void,
  ) {
    this.view = view;
    this.deck = new Deck({
      parent,
      views: new OrthographicView({ id: "map", flipY: true }),
      viewState: this.viewState(),
      controller: this.controllerOf(true),
      onViewStateChange: ({ viewState }) => this.onChange(viewState as DeckViewState),
      onError: (error) => onError(error instanceof Error ? error : new Error(String(error))),
      getCursor: () => "",
      layers: [],
    });
  }

  /** Show another part of the map. */
  setView(view: View, wholeZoom: number): void {
    this.view = view;
    this.wholeZoom = wholeZoom;
    this.deck.setProps({ viewState: this.viewState(), layers: this.layers() });
  }

  setAppearance(appearance: Appearance): void {
    this.appearance = appearance;
    this.deck.setProps({ layers: this.layers() });
  }

  /** Whether dragging moves the map. */
  setDragging(movesMap: boolean): void {
    this.deck.setProps({ controller: this.controllerOf(movesMap) });
  }

  destroy(): void {
    this.deck.finalize();
  }

  private controllerOf(dragPan: boolean) {
    return { dragPan, scrollZoom: { speed: 0.01, smooth: false }, doubleClickZoom: false, keyboard: false, inertia: 0 };
  }

  private viewState() {
    const { x, y, zoom } = this.view;
    return {
      target: [x, y, 0] as [number, number, number],
      zoom,
      minZoom: this.wholeZoom - 1,
      maxZoom: ZOOM_MAX,
    };
  }

  private onChange({ target, zoom }: DeckViewState): void {
    this.onView({ ...this.view, x: target[0], y: target[1], zoom });
  }

  private layers() {
    if (!this.appearance) return [];
    const { positions, colours, path, pathColour } = this.appearance;
    const length = positions.length / 2;
    const points = new ScatterplotLayer({
      id: "points",
      data: {
        length,
        attributes: {
          getPosition: { value: positions, size: 2 },
          getFillColor: { value: colours, size: 4, normalized: true },
        },
      },
      positionFormat: "XY",
      radiusUnits: "pixels",
      getRadius: 1,
      radiusScale: radiusOf(this.view, this.wholeZoom, length),
      antialiasing: true,
    });
    const line = new PathLayer({
      id: "path",
      data: path.length > 1 ? [path.map(({ x, y }) => [x, y])] : [],
      getPath: (each: number[][]) => each as [number, number][],
      getColor: [...pathColour] as [number, number, number],
      getWidth: 3,
      widthUnits: "pixels",
      jointRounded: true,
      capRounded: true,
    });
    return [points, line];
  }
}

/** Return the radius of a point in CSS pixels: small where there are many, larger from near. */
export function radiusOf(view: View, wholeZoom: number, count: number): number {
  const side = Math.min(view.width, view.height);
  const even = Math.sqrt((COVERED * side * side) / (Math.PI * Math.max(1, count)));
  const closer = scaleOf(view) / 2 ** wholeZoom;
  return Math.min(RADIUS_MAX, Math.max(RADIUS_MIN, even) * closer ** 0.5);
}
