"""Listens of a library that `tests.fakes.library` writes."""

from datetime import UTC, datetime, timedelta

from services.domain.listening import Description, EventKind, NewListen
from tests.fakes.library import track_id

BEGUN = datetime(2026, 10, 1, 8, tzinfo=UTC)


def listens(number: int) -> list[NewListen]:
    """Return plays, skips, likes and a play of an unknown track, of the listener with a number."""
    events = [
        NewListen(
            names=(track_id((number + step) % 24),),
            kind=EventKind.SKIP if step % 3 == 0 else EventKind.PLAY,
            at=BEGUN + timedelta(hours=5 * step, minutes=number),
            played_ms=1000,
        )
        for step in range(20)
    ]
    liked = [NewListen(names=(track_id(number),), kind=EventKind.LIKE, at=BEGUN)]
    unknown = [NewListen(described=Description(artist="Dee", title="Elsewhere"), at=BEGUN)]
    return [*events, *liked, *unknown]
