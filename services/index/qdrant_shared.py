"""What both Qdrant adapters do alike: check vectors, translate filters, order answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.filters import Filters, Range
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit

# Rounding of 128 float32 numbers moves a length by about 1e-7; ten thousand times that is a defect.
UNIT_TOLERANCE = 1e-3


def unit_vector(vector: NDArray[Any], owner: str) -> NDArray[np.float32]:
    """The vector itself, once it is known to be one that Qdrant can compare; Qdrant takes any silently.

    Raises:
        ValueError: it is not 128 finite numbers of unit length; the message names its owner.
    """
    checked: NDArray[np.float32] = np.asarray(vector, dtype=np.float32)
    if checked.shape != (EMBEDDING_DIM,):
        raise ValueError(f"{owner} has a vector of shape {checked.shape} instead of ({EMBEDDING_DIM},)")
    length = float(np.linalg.norm(checked.astype(np.float64)))
    if not abs(length - 1) <= UNIT_TOLERANCE:  # written so that NaN fails
        raise ValueError(f"{owner} has a vector of length {length} instead of 1")
    return checked


@dataclass(frozen=True, slots=True)
class FilterBuilder:
    """The model classes that a filter is made of; qdrant-client and qdrant-edge differ in their names only."""

    filter: Callable[..., Any]
    field: Callable[..., Any]
    interval: Callable[..., Any]
    any_of: Callable[..., Any]
    has_id: Callable[[frozenset[str]], Any]
    is_empty: Callable[[str], Any]

    def build(self, filters: Filters, exclude: frozenset[str]) -> Any:  # noqa: ANN401  the class is the library's
        """FilterBuilder in the library's own classes; None when nothing is filtered."""
        must = [
            self._within(name, wanted, or_unknown=name in filters.or_unknown) for name, wanted in filters.ranges.items()
        ]
        must += [
            self.field(key=name, match=self.any_of(any=[value.casefold() for value in values]))
            for name, values in filters.any_of.items()
        ]
        must_not = [
            self.field(key=name, match=self.any_of(any=[value.casefold() for value in values]))
            for name, values in filters.none_of.items()
        ]
        must_not += [self.has_id(exclude)] if exclude else []
        return self.filter(must=must, must_not=must_not) if must or must_not else None

    def _within(self, name: str, wanted: Range, *, or_unknown: bool) -> Any:  # noqa: ANN401  likewise
        inside = self.field(key=name, range=self.interval(gte=wanted.min, lte=wanted.max))
        return self.filter(should=[inside, self.is_empty(name)]) if or_unknown else inside


def ordered(scored: Iterable[tuple[object, float]]) -> list[Hit]:
    """Hits best first, equal scores by id; rounding may carry a cosine past ±1, so it is clamped."""
    hits = [Hit(str(point_id), min(1.0, max(-1.0, score))) for point_id, score in scored]
    hits.sort(key=attrgetter("id"))
    hits.sort(key=attrgetter("score"), reverse=True)  # stable: those that score alike stay in order
    return hits
