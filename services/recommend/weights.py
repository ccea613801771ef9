"""What each track of a history counts: by what happened, how much was heard, and how long ago."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np

from services.domain.listening import VERDICTS, EventKind, ListenEvent

EVENT_WEIGHTS = {
    EventKind.PLAY: 1.0,
    EventKind.LIKE: 2.0,
    EventKind.SKIP: -1.0,
    EventKind.DISLIKE: -2.0,
    EventKind.BAN: -3.0,
}
"""How much one event says: a like twice as much as a play, a ban three times as much against."""

HEARD, COUNTS = (0.0, 0.3, 0.8), (-1.0, 0.0, 1.0)
"""What the heard share of a track counts: left at once a rejection, 30 % nothing, 80 % a whole play."""


def weights_of(
    history: Iterable[ListenEvent],
    durations: Mapping[str, int | None],
    *,
    now: datetime,
    half_life_days: float,
) -> dict[str, float]:
    """What each track counts, positive for liked and negative for rejected.

    Args:
        history: Events in any order.
        durations: Milliseconds of the tracks that count; events on others say nothing.
        now: Aware.
        half_life_days: Age at which an event counts half.
    """
    weights: dict[str, float] = {}
    for event in sorted(history, key=lambda event: event.moment):
        if event.track_id in durations:
            weight = weight_of(event, durations[event.track_id], now=now, half_life_days=half_life_days)
            before = 0.0 if event.kind in VERDICTS else weights.get(event.track_id, 0.0)
            weights[event.track_id] = before + weight
    return weights


def weight_of(event: ListenEvent, duration_ms: int | None, *, now: datetime, half_life_days: float) -> float:
    """What one event counts.

    How much was heard decides over play and skip where it is known; a skip never counts for a track.
    """
    weight = EVENT_WEIGHTS[event.kind]
    if event.kind not in VERDICTS and event.played_ms is not None and duration_ms:
        weight = float(np.interp(event.played_ms / duration_ms, HEARD, COUNTS))
        if event.kind == EventKind.SKIP:
            weight = min(weight, 0.0)
    if event.at is not None:
        age_days = max(0.0, (now - event.at).total_seconds() / 86400)
        weight *= 0.5 ** (age_days / half_life_days)
    return weight
