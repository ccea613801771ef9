"""Puts an answer into the order in which it is to be played."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import log2
from typing import TypeVar

from services.domain.question import Order
from services.domain.track import Embedded
from services.recommend.rank import Choice

MIDDLE = 0.5
"""Energy of a track whose energy nobody knows."""

TEMPO_STEP, ENERGY_STEP = 0.5, 0.5
"""What an octave of tempo and the whole range of energy count beside a cosine of 1."""


def in_order(choices: Sequence[Choice], order: Order, start: Embedded | None) -> list[Choice]:
    """The same choices, ordered.

    Args:
        choices: Best first.
        order: How.
        start: What was played last, which `flow` goes on from; without it, it begins with the best.
    """
    if order == Order.RELEVANCE:
        return list(choices)
    if order == Order.FLOW:
        return _flow(choices, start)
    sign = 1 if order == Order.ENERGY_UP else -1
    return sorted(choices, key=lambda choice: sign * _energy(choice.candidate))  # stable: equal ones best first


def _flow(choices: Sequence[Choice], start: Embedded | None) -> list[Choice]:
    left = list(choices)
    ordered: list[Choice] = []
    here = start
    while left:
        nearest = 0 if here is None else min(range(len(left)), key=_steps(here, left).__getitem__)
        ordered.append(left.pop(nearest))
        here = ordered[-1].candidate
    return ordered


def _steps(here: Embedded, left: Sequence[Choice]) -> list[float]:
    return [_step(here, choice.candidate) for choice in left]


def _step(one: Embedded, other: Embedded) -> float:
    """How far apart two tracks are to an ear that hears one after the other."""
    return (
        1
        - float(one.vector @ other.vector)
        + TEMPO_STEP * _octaves(one, other)
        + ENERGY_STEP * abs(_energy(one) - _energy(other))
    )


def _octaves(one: Embedded, other: Embedded) -> float:
    """Between two tempi; twice as fast is heard as the same pulse, so at most half an octave."""
    here, there = one.measured.get("tempo"), other.measured.get("tempo")
    if not here or not there:
        return 0.0
    apart = abs(log2(here / there)) % 1
    return min(apart, 1 - apart)


def _energy(track: Embedded) -> float:
    return track.measured.get("energy", MIDDLE)


Item = TypeVar("Item")


def spaced(items: Sequence[Item], before: Sequence[Embedded], key: Callable[[Item], Embedded]) -> list[Item]:
    """The same items, no artist twice in a row where that can be; otherwise in their order.

    Args:
        items: In the order wished for.
        before: What was played last, if anything.
        key: The track of an item.
    """
    left = list(items)
    artists = [key(item).performer for item in left]
    counts = Counter(artist for artist in artists if artist is not None)
    last = before[-1].performer if before else None
    ordered: list[Item] = []
    while left:
        place = _next(artists, counts, last)
        last = artists.pop(place)
        ordered.append(left.pop(place))
        if last is not None:
            counts[last] -= 1
    return ordered


def _next(artists: Sequence[str | None], counts: Counter[str], last: str | None) -> int:
    # Whoever has more than half of what is left must come at every second place from now on.
    crowded = next((artist for artist, count in counts.items() if 2 * count > len(artists)), None)
    if crowded is not None and crowded != last:
        return artists.index(crowded)
    return next((place for place, artist in enumerate(artists) if artist is None or artist != last), 0)
