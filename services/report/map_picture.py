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

MARGIN = 20
"""Units around what is drawn: more than the radius of a dot."""

LETTER, LINE = 11, 22
"""Estimated width of a letter and height of a line in the names of regions."""


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
    box: tuple[int, int, int, int]
    """Left, top, width and height of what is drawn. A map that is wide or tall fills only a part of the square."""
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
    places = [(round(SIZE * (tracks[row].x or 0)), round(SIZE * (tracks[row].y or 0))) for row in rows.tolist()]
    for row, (x, y) in zip(rows.tolist(), places, strict=True):
        dots[numbers.get(kinds[row] or "", 0)].append(f"M{x} {y}h0")
    others = len(tracks) - sum(counts[kind] for kind in numbers)
    told = {number: (names.get(kind, kind), counts[kind]) for kind, number in numbers.items()}
    told[0] = "others", others
    layers = [Layer(number, *told[number], "".join(path)) for number, path in sorted(dots.items())]
    labels = _labels(state.regions)
    return MapPicture(layers, labels, _box(places, labels), len(tracks), len(rows))


def _box(dots: Sequence[tuple[int, int]], labels: Sequence[tuple[int, int, str]]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of a box around all dots and labels."""
    halves = [(x, y, LETTER * len(text) // 2) for x, y, text in labels]
    across = [*(x for x, _ in dots), *(x + side * half for x, _, half in halves for side in (-1, 1))]
    down = [*(y for _, y in dots), *(end for _, y, _ in halves for end in (y - LINE, y))]
    left, top = min(across) - MARGIN, min(down) - MARGIN
    return left, top, max(across) + MARGIN - left, max(down) + MARGIN - top


def _labels(regions: Sequence[Region]) -> list[tuple[int, int, str]]:
    """Return the names of the largest regions, those on top of another one left out."""
    chosen: list[tuple[int, int, str]] = []
    for region in sorted(regions, key=lambda each: (each.level, -each.tracks)):
        x, y = round(SIZE * region.x), round(SIZE * region.y)
        is_free = all(abs(x - left) > 0.18 * SIZE or abs(y - top) > 0.05 * SIZE for left, top, _ in chosen)
        if region.tags and is_free and len(chosen) < LABELS_MAX:
            chosen.append((x, y, " · ".join(region.tags)))
    return chosen
