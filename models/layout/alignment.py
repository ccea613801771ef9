"""Align a map to an earlier one, so that people find their music where it was."""

import numpy as np

from models.arrays import Float64Array

MARGIN = 0.04
"""Free space at each side of a new map, where tracks of a grown library find room."""

EXTENT_MIN = 0.6
"""A map that is smaller than this is enlarged: each alignment shrinks it a little, and tracks that are placed between
the few tracks of a library's first map crowd in the middle."""


def align(points: Float64Array, previous: Float64Array) -> Float64Array:
    """Move, rotate, mirror and scale a map so that it is closest to an earlier one.

    The similarity transform minimises the sum of squared moves (Schönemann & Carroll, Psychometrika 35, 1970).

    Args:
        points: (n, 2), the new map.
        previous: (n, 2), the points of the same tracks on the earlier map; rows of NaN for new tracks. At least two
            rows are known and distinct.

    Returns:
        (n, 2), the new map in the coordinates of the earlier one.
    """
    known = ~np.isnan(previous[:, 0])
    centre, target = points[known].mean(axis=0), previous[known].mean(axis=0)
    moved, wanted = points[known] - centre, previous[known] - target
    left, sizes, right = np.linalg.svd(moved.T @ wanted)
    scale = sizes.sum() / max(float((moved**2).sum()), np.finfo(np.float64).tiny)
    aligned: Float64Array = (points - centre) @ (left @ right) * scale + target
    return aligned


def into_frame(points: Float64Array) -> Float64Array:
    """Move and scale a map into the unit square, keeping its proportions.

    Args:
        points: (n, 2), in any unit.

    Returns:
        (n, 2), 0 to 1, in the middle of the square, with `MARGIN` at the sides of the longer extent.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), np.finfo(np.float64).tiny)
    framed: Float64Array = 0.5 + (points - (low + high) / 2) * ((1 - 2 * MARGIN) / extent)
    return framed


def fills_frame(points: Float64Array) -> bool:
    """Return whether all points, (n, 2), are inside the unit square, and take most of its width or height."""
    extent = float((points.max(axis=0) - points.min(axis=0)).max())
    return bool(points.min() >= 0 and points.max() <= 1 and extent >= EXTENT_MIN)
