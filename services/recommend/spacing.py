"""Keeps one artist's tracks apart in an order that is otherwise kept."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from services.domain.track import Embedded

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
