"""The map: every ready track as a point in the plane, where music that sounds alike lies close together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.domain.track import Vector

TRACKS_MIN = 3
"""Tracks of the smallest map."""

GROWTH = 0.10
"""A map is fitted again when this share of its tracks has come or gone."""

URGENT_GROWTH = 1.0
"""While tracks wait for their analysis, a map is fitted again only when it has grown by this share."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the map; `tags` are its one or two most distinctive tags, and `tracks` how many it had at the fit."""

    level: int
    """0 is shown from afar, 1 from near."""
    x: float
    y: float
    tags: tuple[str, ...]
    tracks: int


@dataclass(frozen=True, slots=True)
class MapState:
    """A map without its points."""

    version: int
    """Increases with each fit."""
    revision: int
    """The number of tracks that were placed or removed since the fit."""
    method: str
    model_version: str
    fitted: int
    """The number of tracks at the fit."""
    fitted_at: datetime
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class MapPoints:
    """The points of a map, ordered by track id. `points` has shape (n, 2), 0 to 1."""

    ids: Sequence[str]
    points: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placed:
    """A track on a map."""

    track_id: str
    x: float
    y: float
    tag: str | None
    """Its strongest heard tag, which colours it where its file names no genre."""


@dataclass(frozen=True, slots=True)
class MapTrack:
    """A ready track for a map: its embedding, its tags, and its point on the current map, if any."""

    id: str
    vector: Vector
    tags: Mapping[str, float]
    point: tuple[float, float] | None = None


def regions_near(regions: Sequence[Region], points: NDArray[np.float64]) -> tuple[Region, ...]:
    """Return the regions of which some points, (n, 2), lie in, with their numbers: nearer to it than to the others."""
    found: list[Region] = []
    for level in sorted({region.level for region in regions}):
        of_level = [region for region in regions if region.level == level]
        centres = np.array([(region.x, region.y) for region in of_level])
        nearest = np.argmin(((points[:, None] - centres) ** 2).sum(axis=2), axis=1) if len(points) else []
        counts = np.bincount(nearest, minlength=len(of_level)) if len(points) else [0] * len(of_level)
        found += [replace(region, tracks=int(n)) for region, n in zip(of_level, counts, strict=True) if n]
    return tuple(found)


def is_due(current: MapState | None, ready: int, model_version: str | None, *, requested: bool, busy: bool) -> bool:
    """Return whether a map must be fitted.

    Args:
        current: The current map, if any.
        ready: Number of ready tracks.
        model_version: The model version of the ready tracks.
        requested: Whether somebody asked for a new map.
        busy: Whether tracks wait for their analysis. A fit yields to them unless it is urgent.
    """
    if ready < TRACKS_MIN:
        return False
    if requested or current is None or current.model_version != model_version:
        return True
    changed = max(current.revision, abs(ready - current.fitted))
    return changed >= (URGENT_GROWTH if busy else GROWTH) * current.fitted
