"""Code that both Qdrant adapters share: building filters and sorting hits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from services.domain.filters import ALSO_HEARD, Filters, Range, keyword_keys
from services.domain.vector_index import Hit


@dataclass(frozen=True, slots=True)
class FilterBuilder:
    """Builds filters from the model classes of qdrant-client or qdrant-edge, which differ in their names."""

    filter: Callable[..., Any]
    field: Callable[..., Any]
    interval: Callable[..., Any]
    any_of: Callable[..., Any]
    has_id: Callable[[frozenset[str]], Any]
    is_empty: Callable[[str], Any]

    def build(self, filters: Filters, exclude: frozenset[str]) -> Any:  # noqa: ANN401  a class of the library
        """Return the library's filter, or None if there is nothing to filter."""
        must = [
            self._within(name, wanted, or_unknown=name in filters.or_unknown) for name, wanted in filters.ranges.items()
        ]
        must += [self._matches_any(name, values) for name, values in filters.any_of.items()]
        must_not = [each for name, values in filters.none_of.items() for each in self._unwanted(name, values)]
        must_not += [self.has_id(exclude)] if exclude else []
        return self.filter(must=must, must_not=must_not) if must or must_not else None

    def _matches_any(self, name: str, values: Iterable[str]) -> Any:  # noqa: ANN401  a class of the library
        fields = self._matches(name, values)
        return fields[0] if len(fields) == 1 else self.filter(should=fields)

    def _unwanted(self, name: str, values: Iterable[str]) -> list[Any]:
        first, *others = self._matches(name, values)
        return [first, *(self.filter(must=[self.is_empty(name), other]) for other in others)]

    def _matches(self, name: str, values: Iterable[str]) -> list[Any]:
        match = self.any_of(any=sorted({key for value in values for key in keyword_keys(name, value)}))
        return [self.field(key=each, match=match) for each in ALSO_HEARD.get(name, (name,))]

    def _within(self, name: str, wanted: Range, *, or_unknown: bool) -> Any:  # noqa: ANN401  a class of the library
        inside = self.field(key=name, range=self.interval(gte=wanted.min, lte=wanted.max))
        return self.filter(should=[inside, self.is_empty(name)]) if or_unknown else inside


def ordered(scored: Iterable[tuple[object, float]]) -> list[Hit]:
    """Return hits sorted by descending score, then by id, with scores clamped to [−1, 1].

    Rounding can move a cosine similarity slightly outside of that interval.
    """
    hits = [Hit(str(point_id), min(1.0, max(-1.0, score))) for point_id, score in scored]
    hits.sort(key=attrgetter("id"))
    hits.sort(key=attrgetter("score"), reverse=True)  # the sort is stable: equal scores keep the order of their ids
    return hits
