"""The interface that the embedded index and a Qdrant server both implement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, Protocol

from services.domain.filters import FRAGMENT, KEYWORD_FIELDS, RANGE_FIELDS, Filters
from services.domain.libraries import LIBRARY
from services.domain.track import Vector

PayloadValue = str | int | float | list[str] | None


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of points with a vector index of its own, and the fields that its filters may use."""

    name: str
    range_fields: tuple[str, ...] = ()
    keyword_fields: tuple[str, ...] = ()


TRACKS = Collection("tracks", RANGE_FIELDS, (*KEYWORD_FIELDS, FRAGMENT))
PICTURES = Collection("pictures", (), (LIBRARY,))


@dataclass(frozen=True, slots=True)
class Point:
    """A track or a picture in an index: its id (a UUID), its embedding, and the fields that filters may use.

    `payload` maps the field names of `services.domain.filters` to values; keywords are lists of keys.
    """

    id: str
    vector: Vector
    payload: Mapping[str, PayloadValue]


@dataclass(frozen=True, slots=True)
class Query:
    """A request for the points nearest to one vector, by cosine similarity."""

    vector: Vector
    limit: int
    filters: Filters = field(default_factory=Filters)
    exclude: frozenset[str] = frozenset()


class Hit(NamedTuple):  # a request makes hundreds; a frozen dataclass takes three times as long to create
    """One search result: the id of a track or a picture and its cosine similarity, −1 to 1."""

    id: str
    score: float


def ordered(scored: Iterable[tuple[object, float]]) -> list[Hit]:
    """Return hits sorted by descending score, then by id, with scores clamped to [−1, 1].

    Rounding can move a cosine similarity slightly outside of that interval.
    """
    hits = [Hit(str(point_id), min(1.0, max(-1.0, score))) for point_id, score in scored]
    hits.sort(key=attrgetter("id"))
    hits.sort(key=attrgetter("score"), reverse=True)  # the sort is stable: equal scores keep the order of their ids
    return hits


class PointWriter(Protocol):
    """Writes and deletes points."""

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; durable when it returns.

        Raises:
            ValueError: a vector is not `dimension` finite numbers of unit length, which Qdrant would accept.
        """

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points; missing ids are ignored."""


class VectorSearch(Protocol):
    """Finds points."""

    @property
    def dimension(self) -> int:
        """Length of the vectors; that of the shipped encoder as long as nothing else is known."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Run several queries in one batch. Each result is sorted by descending score, then by id."""


class CountingSearch(VectorSearch, Protocol):
    """Finds and counts points."""

    def count_matching(self, filters: Filters, exclude: frozenset[str] = frozenset()) -> int:
        """Return the exact number of points that match the filters and are not excluded."""


class VectorIndex(PointWriter, CountingSearch, Protocol):
    """The index of one collection. Every method raises `IndexUnavailable` if the index does not respond."""

    def count(self) -> int:
        """Return the exact number of points."""

    def ids(self) -> Iterator[str]:
        """Iterate over the ids of all points, in ascending order."""

    def silent_nodes(self) -> list[str]:
        """Return host and port of the nodes of a cluster that have not responded lately."""
        return []

    def close(self) -> None:
        """Release the resources of the index. Do not use it afterwards."""
