"""Spaces: the vectors of one model version each. Vectors of two spaces are not comparable, so an answer reads one."""

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from services.domain.errors import InvalidRequest
from services.domain.track import EMBEDDING_DIM, Vector

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


class SpaceRole(StrEnum):
    """What a space is for."""

    SERVED = "served"
    """Every answer reads it."""
    FILLING = "filling"
    """The library is analysed with its model, beside the served one."""
    PREVIOUS = "previous"
    """It was served before, and a rollback serves it again."""


@dataclass(frozen=True, slots=True)
class View:
    """The spaces as a request sees them from its beginning to its end.

    Attributes:
        served: The space that answers; None before the first analysis.
        live: All spaces with analyses, the served one among them.
        filled: Those that are full.
        compared: Those that were compared with the served one.
        home: The first space: its index has the plain name.
        dimensions: Length of the vectors by space; without an entry it is that of the shipped encoder.
    """

    served: str | None = None
    live: tuple[str, ...] = ()
    home: str | None = None
    filled: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    dimensions: Dictionary[str, int] = field(default_factory=dict)

    @property
    def others(self) -> tuple[str, ...]:
        """The spaces besides the served one."""
        return tuple(each for each in self.live if each != self.served)

    def suffix(self, space: str | None) -> str:
        """Return what follows the names of the indexes of a space, such as `@2027.01`: nothing for the first space."""
        return "" if space in {None, self.home} else f"@{space}"

    def dimension(self, space: str | None) -> int:
        """Return the length of the vectors of a space."""
        return self.dimensions.get(space or "", EMBEDDING_DIM)

    def index_name(self, collection: str, space: str | None) -> str:
        """Return the name of a collection's index in a space."""
        return collection + self.suffix(space)


@dataclass(frozen=True, slots=True)
class Space:
    """A space and its progress.

    Attributes:
        model_version: Its name.
        role: What it is for.
        created_at: When it began to fill.
        filled_at: When it was full; None while it fills.
        served_at: When it was served last; None if never.
        left_at: When another space was served instead; None if it is served or fills.
        ready: Number of tracks with an analysis in it.
        waiting: Number of tracks that wait for one.
        failed: Number of tracks that have none and get none.
        is_indexed: Whether its indexes are built.
        seconds_left: Estimated time until it is full; None if unknown.
        comparison: Its last comparison with the served space.
    """

    model_version: str
    role: SpaceRole
    created_at: datetime
    filled_at: datetime | None
    served_at: datetime | None
    left_at: datetime | None
    ready: int
    waiting: int
    failed: int
    is_indexed: bool
    seconds_left: float | None = None
    comparison: dict[str, Any] | None = None

    @property
    def can_serve(self) -> bool:
        """Whether every track is analysed in it as far as possible, and its indexes are built."""
        return self.filled_at is not None and self.is_indexed


def checked_version(version: str) -> str:
    """Return a model version that may name files and collections.

    Raises:
        InvalidRequest: it contains other characters than letters, digits, dots, hyphens and underscores.
    """
    if _VERSION.fullmatch(version) is None:
        raise InvalidRequest(f"'{version}' is not a model version: use letters, digits, '.', '-' and '_', at most 64.")
    return version


CARRIED_COSINE = 0.8
"""Smallest mean cosine of carried and computed vectors at which a map is used: a worse one would find other music."""

FITTED_SHARE = 0.8
"""Share of the tracks that a map is fitted on; it is judged on the others."""

FITTED_PER_DIMENSION = 1.25
"""Smallest number of tracks to fit a map on, for each dimension of the source."""

# Keeps the map of a library with few tracks from following their noise; relative to the mean square of a component.
_RIDGE = 0.1


@dataclass(frozen=True, slots=True)
class Mapping:
    """A linear map from one space into another.

    Attributes:
        matrix: (dimension of the source, dimension of the target); a vector is multiplied from the left.
        cosine: Mean cosine of carried and computed vectors, of tracks that it was not fitted on.
    """

    matrix: npt.NDArray[np.float32]
    cosine: float

    def carry(self, vector: Vector) -> Vector:
        """Return a vector of the source as a unit vector of the target; a vector of length 0 stays."""
        carried = np.asarray(vector, dtype=np.float32) @ self.matrix
        length = float(np.linalg.norm(carried))
        return (carried / length if length > 0 else carried).astype(np.float32)


def fit_mapping(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> Mapping | None:
    """Fit the map between the vectors of the same tracks, (n, s) and (n, t); None if there are too few.

    Ridge regression towards the rotation of the orthogonal Procrustes problem, so that few tracks give a rotation. Into
    a space of fewer dimensions it projects.
    """
    fitted, dimension = round(FITTED_SHARE * len(source)), source.shape[1]
    if not fitted or fitted < FITTED_PER_DIMENSION * dimension:
        return None
    known, wanted = source[:fitted].astype(np.float64), target[:fitted].astype(np.float64)
    left, _, right = np.linalg.svd(known.T @ wanted, full_matrices=False)
    rotation = left @ right
    gram = known.T @ known + _RIDGE * fitted / dimension * np.eye(dimension)
    matrix = rotation + np.linalg.solve(gram, known.T @ (wanted - known @ rotation))
    carried = source[fitted:] @ matrix
    lengths = np.linalg.norm(carried, axis=1) * np.linalg.norm(target[fitted:], axis=1)
    cosine = float(((carried * target[fitted:]).sum(1) / lengths.clip(1e-9)).mean())
    return Mapping(matrix.astype(np.float32), cosine)
