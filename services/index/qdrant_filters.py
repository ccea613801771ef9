"""Filters as a Qdrant server takes them."""

from collections.abc import Iterable

from qdrant_client import models

from services.domain.filters import ALSO_HEARD, Filters, Range, keyword_keys
from services.domain.own_features import is_own


def build_filter(filters: Filters, exclude: frozenset[str] = frozenset()) -> models.Filter | None:
    """Return Qdrant's filter, or None if there is nothing to filter."""
    must: list[models.Condition] = [
        _within(name, wanted, or_unknown=name in filters.or_unknown) for name, wanted in filters.ranges.items()
    ]
    must += [_matches_any(name, values) for name, values in filters.any_of.items()]
    must_not = [each for name, values in filters.none_of.items() for each in _unwanted(name, values)]
    must_not += [models.HasIdCondition(has_id=list(exclude))] if exclude else []
    return models.Filter(must=must, must_not=must_not) if must or must_not else None


def _matches_any(name: str, values: Iterable[str]) -> models.Condition:
    fields = _matches(name, values)
    return fields[0] if len(fields) == 1 else models.Filter(should=fields)


def _unwanted(name: str, values: Iterable[str]) -> list[models.Condition]:
    first, *others = _matches(name, values)
    return [first, *(models.Filter(must=[_is_empty(name), other]) for other in others)]


def _matches(name: str, values: Iterable[str]) -> list[models.Condition]:
    match = models.MatchAny(any=sorted({key for value in values for key in keyword_keys(name, value)}))
    return [models.FieldCondition(key=path_of(each), match=match) for each in ALSO_HEARD.get(name, (name,))]


def _within(name: str, wanted: Range, *, or_unknown: bool) -> models.Condition:
    inside = models.FieldCondition(key=path_of(name), range=models.Range(gte=wanted.min, lte=wanted.max))
    return models.Filter(should=[inside, _is_empty(name)]) if or_unknown else inside


def _is_empty(name: str) -> models.IsEmptyCondition:
    return models.IsEmptyCondition(is_empty=models.PayloadField(key=path_of(name)))


def path_of(field: str) -> str:
    """Return the path of a payload field; in quotes, the dot in the name of an own feature separates no levels."""
    return f'"{field}"' if is_own(field) else field
