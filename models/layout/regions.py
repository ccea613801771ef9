"""Name the regions of a map by the tags that set them apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float64Array

Labels = NDArray[np.intp]

LEVELS = ((12.0, 8), (3.0, 32))
"""Zoom levels, from afar and from near: a map of n tracks has at most √(n / first) regions, and at most second."""

REGIONS_MIN = 2
TRACKS_MIN = 3
"""Tracks in a region that gets a label."""

SHARE_MIN = 0.25
"""A tag must be heard in at least this share of a region's tracks to name it."""

SECOND_TAG_MIN = 0.5
"""A second tag joins a label if it is at least this distinctive, relative to the first."""

ROUNDS = 30
"""Rounds of k-means; it usually stops earlier."""

SEED = 0


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a map.

    Attributes:
        level: Index into `LEVELS`: 0 from afar, 1 from near.
        x: Centre, in the unit of the map.
        y: Centre, in the unit of the map.
        tags: Its one or two most distinctive tags.
        tracks: Number of tracks.
    """

    level: int
    x: float
    y: float
    tags: tuple[str, ...]
    tracks: int


def regions(points: Float64Array, heard: NDArray[np.bool_], tags: Sequence[str]) -> list[Region]:
    """Divide a map into regions at each zoom level, and name them.

    Args:
        points: (n, 2), the map.
        heard: (n, t), whether a tag is heard in a track.
        tags: t names.

    Returns:
        The regions with a label; within a level, no two start with the same tag.
    """
    found: list[Region] = []
    for level, (tracks_each, most) in enumerate(LEVELS):
        count = max(REGIONS_MIN, min(most, round((len(points) / tracks_each) ** 0.5)))
        found += _level(level, points, _k_means(points, min(count, len(points))), heard, tags)
    return found


def _level(
    level: int, points: Float64Array, members: Labels, heard: NDArray[np.bool_], tags: Sequence[str]
) -> list[Region]:
    numbers = [int(number) for number in np.unique(members) if (members == number).sum() >= TRACKS_MIN]
    scores = np.array([distinctiveness(heard[members == number], heard) for number in numbers])
    labels: dict[int, tuple[str, ...]] = {}
    # The most distinctive tag of all regions is assigned first, so that each region gets a tag of its own.
    while scores.size and scores.max() > 0:
        region, tag = divmod(int(scores.argmax()), len(tags))
        best, second = scores[region, tag], scores[region].copy()
        second[tag] = 0
        more = [tags[int(second.argmax())]] if second.max() >= SECOND_TAG_MIN * best else []
        labels[numbers[region]] = (tags[tag], *more)
        scores[region], scores[:, tag] = 0, 0
    found = []
    for number, label in labels.items():
        inside = points[members == number]
        x, y = np.median(inside, axis=0)
        found.append(Region(level, float(x), float(y), label, len(inside)))
    return found


def distinctiveness(inside: NDArray[np.bool_], everywhere: NDArray[np.bool_]) -> Float64Array:
    """Return how distinctive each tag is for some tracks: its share of the Kullback-Leibler divergence.

    A tag that is heard everywhere has 0, however common it is; a tag that is rare in the region has little.

    Args:
        inside: (m, t), whether each tag is heard in the tracks of the region.
        everywhere: (n, t), the same for all tracks.

    Returns:
        (t,), at least 0.
    """
    here, there = inside.mean(axis=0), np.maximum(everywhere.mean(axis=0), 1e-9)
    ratio = np.log(np.maximum(here / there, 1.0))
    scores: Float64Array = np.where(here >= SHARE_MIN, here * ratio, 0.0)
    return scores


def _k_means(points: Float64Array, count: int) -> Labels:
    """Assign points, (n, 2), to at most `count` groups by k-means with the seeds of k-means++, the same each time."""
    random = np.random.default_rng(SEED)
    centres = points[[random.integers(len(points))]]
    while len(centres) < count:
        far = _squared(points, centres).min(axis=1)
        if not far.any():  # fewer distinct points than groups
            break
        centres = np.vstack([centres, points[random.choice(len(points), p=far / far.sum())]])
    for _ in range(ROUNDS):
        members: Labels = _squared(points, centres).argmin(axis=1)
        moved = np.array(
            [points[members == k].mean(axis=0) if (members == k).any() else c for k, c in enumerate(centres)]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    return members


def _squared(points: Float64Array, centres: Float64Array) -> Float64Array:
    distances: Float64Array = ((points[:, np.newaxis] - centres) ** 2).sum(axis=2)
    return distances
