"""Listens of a library that `tests.fakes.library` writes."""

import uuid
from datetime import UTC, datetime, timedelta

from services.domain.listening import Description, EventKind, NewListen
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from tests.fakes.library import track_id

BEGUN = datetime(2026, 10, 1, 8, tzinfo=UTC)


def answer(*track_ids: str, at: datetime, listener: str | None = "ada", **more: object) -> LoggedAnswer:
    """Return an answer with these recommended tracks."""
    tracks = tuple(LoggedTrack(track_id, rank, 0.5) for rank, track_id in enumerate(track_ids, start=1))
    values = {
        "id": str(uuid.uuid4()),
        "at": at,
        "kind": AnswerKind.RECOMMENDATIONS,
        "listener": listener,
        "question": {},
        "model_version": "a1",
        "ranking_version": 1,
        "tracks": tracks,
    }
    return LoggedAnswer(**values | more)


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
