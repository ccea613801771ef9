"""The map of the library as a drawing: a dot per track, in the colour of its genre, or of its strongest heard tag."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.domain.map import MapState, Region
from services.report.contents import Contents, genre_of

SIZE = 1000
"""Units of the drawing's width and height."""

DOTS_MAX = 40_000
"""Of more tracks, as many are drawn at random, always the same: the page stays below 2 MB."""

COLOURS = 7
"""Genres and tags with a colour of their own."""

LABELS_MAX = 12


@dataclass(frozen=True, slots=True)
class Layer:
    """Dots of one colour as an SVG path; `number` is 0 for what has no colour of its own."""

    number: int
    name: str
    tracks: int
    path: str


@dataclass(frozen=True, slots=True)
class MapPicture:
    """A drawn map."""

    layers: Sequence[Layer]
    labels: Sequence[tuple[int, int, str]]
    """Places and texts."""
    tracks: int
    drawn: int


def draw(contents: Contents, state: MapState | None, names: dict[str, str]) -> MapPicture | None:
    """Return the drawing of the current map; None if there is none yet."""
    tracks = [track for track in contents.analysed if track.x is not None and track.y is not None]
    if state is None or not tracks:
        return None
    rows = np.arange(len(tracks))
    if len(tracks) > DOTS_MAX:
        rows = np.sort(np.random.default_rng(0).choice(len(tracks), DOTS_MAX, replace=False))
    kinds = [genre_of(track) or track.tag for track in tracks]
    counts = Counter(kind for kind in kinds if kind is not None)
    numbers = {kind: place for place, (kind, _) in enumerate(counts.most_common(COLOURS), 1)}
    dots = defaultdict[int, list[str]](list)
    for row in rows.tolist():
        track = tracks[row]
        x, y = round(SIZE * (track.x or 0)), round(SIZE * (track.y or 0))
        dots[numbers.get(kinds[row] or "", 0)].append(f"M{x} {y}h0")
    others = len(tracks) - sum(counts[kind] for kind in numbers)
    told = {number: (names.get(kind, kind), counts[kind]) for kind, number in numbers.items()}
    told[0] = "others", others
    layers = [Layer(number, *told[number], "".join(path)) for number, path in sorted(dots.items())]
    return MapPicture(layers, _labels(state.regions), len(tracks), len(rows))


def _labels(regions: Sequence[Region]) -> list[tuple[int, int, str]]:
    """Return the names of the largest regions, those on top of another one left out."""
    chosen: list[tuple[int, int, str]] = []
    for region in sorted(regions, key=lambda each: (each.level, -each.tracks)):
        x, y = round(SIZE * region.x), round(SIZE * region.y)
        is_free = all(abs(x - left) > 0.18 * SIZE or abs(y - top) > 0.05 * SIZE for left, top, _ in chosen)
        if region.tags and is_free and len(chosen) < LABELS_MAX:
            chosen.append((x, y, " · ".join(region.tags)))
    return chosen
