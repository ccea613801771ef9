/** Load the map, and load it again when it has changed. */

import { ask, client } from "../../api/client";
import { coloured, paletteOf } from "./colours";
import { SIDE } from "./geometry";
import { MapIndex } from "./MapIndex";
import { colouredBy, colouring, index, regions } from "./state";

/** Load the points and regions, unless they are at hand. Returns the state of the map. */
export async function loadMap(signal: AbortSignal) {
  const state = await ask(client.GET("/v1/map", { signal }));
  const held = index.peek();
  if (held && held.version === state.version && held.revision === state.revision) return state;
  const [points, named] = await Promise.all([
    ask(client.GET("/v1/map/points", { signal })),
    ask(client.GET("/v1/map/regions", { signal })),
  ]);
  index.value = new MapIndex(points, state.width);
  const scale = SIDE / state.width;
  regions.value = named.regions.map((region) => ({ ...region, x: region.x * scale, y: region.y * scale }));
  return state;
}

/** Load the values that the points are coloured by. */
export async function loadColours(signal: AbortSignal): Promise<void> {
  const by = colouring.value;
  const values = await ask(client.GET("/v1/map/values", { params: { query: { by } }, signal }));
  const held = index.peek();
  // Between two requests a track may have been placed. Then the next state brings points and values again.
  if (!held || values.values.length !== held.count) return;
  colouredBy.value = coloured(values, paletteOf(document.documentElement));
}
