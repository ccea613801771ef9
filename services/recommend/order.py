"""Order the tracks of an answer for playing, and space the tracks of one artist."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import log2
from typing import TypeVar

from services.domain.question import Order
from services.domain.track import Embedded
from services.recommend.rank import Choice

UNKNOWN_ENERGY = 0.5
"""Energy assumed for a track whose energy is unknown."""

TEMPO_WEIGHT, ENERGY_WEIGHT = 0.5, 0.5
"""Weights of an octave of tempo and of the whole range of energy beside a cosine distance of 1."""


def in_order(choices: Sequence[Choice], order: Order, start: Embedded | None) -> list[Choice]:
    """Return the choices in an order.

    Args:
        choices: Best first.
        order: The order to return.
        start: The track played last, from which `flow` starts; without it, `flow` starts with the best choice.
    """
    if order == Order.RELEVANCE:
        return list(choices)
    if order == Order.FLOW:
        return _flow(choices, start)
    sign = 1 if order == Order.ENERGY_UP else -1
    return sorted(choices, key=lambda choice: sign * _energy(choice.candidate))  # stable: equal energies best first


def _flow(choices: Sequence[Choice], start: Embedded | None) -> list[Choice]:
    """Return the choices so that each is followed by the nearest of those left."""
    left = list(choices)
    ordered: list[Choice] = []
    here = start
    while left:
        nearest = 0
        if here is not None:
            distances = [_distance(here, choice.candidate) for choice in left]
            nearest = distances.index(min(distances))
        ordered.append(left.pop(nearest))
        here = ordered[-1].candidate
    return ordered


def _distance(one: Embedded, other: Embedded) -> float:
    """Return the audible distance between two tracks played one after the other."""
    return (
        1
        - float(one.vector @ other.vector)
        + TEMPO_WEIGHT * _octaves(one, other)
        + ENERGY_WEIGHT * abs(_energy(one) - _energy(other))
    )


def _octaves(one: Embedded, other: Embedded) -> float:
    """Return the distance of two tempi, at most half an octave, because a double tempo has the same pulse."""
    here, there = one.measured.get("tempo"), other.measured.get("tempo")
    if not here or not there:
        return 0.0
    difference = abs(log2(here / there)) % 1
    return min(difference, 1 - difference)


def _energy(track: Embedded) -> float:
    return track.measured.get("energy", UNKNOWN_ENERGY)


Item = TypeVar("Item")


def space_artists(items: Sequence[Item], before: Sequence[Embedded], key: Callable[[Item], Embedded]) -> list[Item]:
    """Return the items so that no artist comes twice in a row if possible; otherwise the order stays.

    Args:
        items: In the desired order.
        before: The tracks played last, if any.
        key: Returns the track of an item.
    """
    left = list(items)
    artists = [key(item).performer for item in left]
    counts = Counter(artist for artist in artists if artist is not None)
    last = before[-1].performer if before else None
    ordered: list[Item] = []
    while left:
        index = _next_index(artists, counts, last)
        last = artists.pop(index)
        ordered.append(left.pop(index))
        if last is not None:
            counts[last] -= 1
    return ordered


def _next_index(artists: Sequence[str | None], counts: Counter[str], last: str | None) -> int:
    # An artist of more than half of the tracks left must come at every second place from now on.
    majority = next((artist for artist, count in counts.items() if 2 * count > len(artists)), None)
    if majority is not None and majority != last:
        return artists.index(majority)
    return next((index for index, artist in enumerate(artists) if artist is None or artist != last), 0)
