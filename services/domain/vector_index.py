"""The one interface that Qdrant Edge and a Qdrant server both fulfil."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from services.domain.filters import Filters
from services.domain.track import Vector

PayloadValue = str | int | float | list[str] | None


@dataclass(frozen=True, slots=True)
class Point:
    """A track as the index keeps it: its id (a UUID), its embedding, the fields that filters may use.

    `payload` maps the names in `services.domain.filters` to values; keyword values are case-folded.
    """

    id: str
    vector: Vector
    payload: Mapping[str, PayloadValue]


@dataclass(frozen=True, slots=True)
class Query:
    """Nearest tracks to one vector, by cosine similarity."""

    vector: Vector
    limit: int
    filters: Filters = field(default_factory=Filters)
    exclude: frozenset[str] = frozenset()


class Hit(NamedTuple):  # a request makes hundreds: a frozen dataclass takes three times as long
    """One answer: a track id and its cosine similarity, −1 to 1."""

    id: str
    score: float


class VectorIndex(Protocol):
    """What Segue asks of a vector index. Every method raises `IndexUnavailable` when it cannot answer."""

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; durable when it returns.

        Raises:
            ValueError: a vector is not 128 finite numbers of unit length (Qdrant would take it silently).
        """

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are no error."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries in one batch, each best first; equal scores are ordered by id."""

    def count(self) -> int:
        """How many points there are, exactly."""

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """How many points meet the conditions, exactly, without those that are excluded."""

    def ids(self) -> Iterator[str]:
        """Every point's id, in no particular order."""

    def close(self) -> None:
        """Release what it holds; no call may follow."""
