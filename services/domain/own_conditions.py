"""Conditions on own features in the form of a text, such as `mine.energy:0.5..0.9`, `mine.radio_ok:true`."""

import math
from collections.abc import Iterable, Mapping

from services.domain.errors import InvalidRequest
from services.domain.filters import Filters, Range
from services.domain.own_features import FLAGS, FeatureType, is_own

OWN_FEATURES = "own_features"
"""The name of the field of a request that has conditions."""

SEPARATOR = ":"


def own_filters(conditions: Iterable[str], types: Mapping[str, FeatureType]) -> Filters:
    """Return the filters that texts name; texts of one feature are alternatives.

    Raises:
        InvalidRequest: a condition is malformed, or `types` has no such feature.
    """
    ranges: dict[str, Range] = {}
    any_of: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        name, _, value = condition.partition(SEPARATOR)
        if name not in types:
            raise InvalidRequest(f"There is no own feature '{name}'. GET /v1/own-features lists all.")
        if not value:
            raise InvalidRequest(f"'{condition}' is no condition: write `{name}{SEPARATOR}` and a value.")
        if types[name] == FeatureType.TEXT:
            any_of[name] = (*any_of.get(name, ()), value)
        elif name in ranges:
            raise InvalidRequest(f"'{name}' has two conditions. Give one with both ends, such as `{name}:0.2..0.8`.")
        else:
            ranges[name] = _range(condition, value, types[name])
    return Filters(ranges=ranges, any_of=any_of)


def own_conditions(filters: Filters) -> list[str]:
    """Return the conditions of filters on own features, as `own_filters` reads them."""
    ranges = [f"{name}{SEPARATOR}{_written(wanted)}" for name, wanted in filters.ranges.items() if is_own(name)]
    texts = [f"{name}{SEPARATOR}{text}" for name, found in filters.any_of.items() if is_own(name) for text in found]
    return ranges + texts


def _range(condition: str, value: str, type_: FeatureType) -> Range:
    if type_ == FeatureType.FLAG and value.lower() in FLAGS:
        flag = float(FLAGS[value.lower()])
        return Range(flag, flag)
    low, dots, high = value.partition("..")
    try:
        found = Range(float(low) if low else None, float(high if dots else low) if high or not dots else None)
    except ValueError:
        found = Range()
    ends = [end for end in (found.min, found.max) if end is not None]
    if not ends or not all(map(math.isfinite, ends)) or ends != sorted(ends):
        wanted = "true or false" if type_ == FeatureType.FLAG else "LOW..HIGH, LOW.., ..HIGH or a number"
        raise InvalidRequest(f"'{condition}' is no condition: after the colon must be {wanted}.")
    return found


def _written(wanted: Range) -> str:
    low, high = ("" if end is None else f"{end:.17g}" for end in (wanted.min, wanted.max))
    return low if low == high else f"{low}..{high}"
