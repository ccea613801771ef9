"""Weight of each track of a history: by the kind of event, the share that was played, and the age."""

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
"""Weight of one event by its kind: a like counts twice as much as a play."""

PLAYED_SHARES, PLAYED_WEIGHTS = (0.0, 0.3, 0.8), (-1.0, 0.0, 1.0)
"""Weight by the share of the track that was played, interpolated: 0 % is a rejection, 80 % counts as a whole play."""


def weights_of(
    history: Iterable[ListenEvent],
    durations: Mapping[str, int | None],
    *,
    now: datetime,
    half_life_days: float,
) -> dict[str, float]:
    """Return the weight of each track: positive if it is liked, negative if it is rejected.

    Args:
        history: Events in any order.
        durations: Milliseconds of each track; events of other tracks are ignored.
        now: Aware.
        half_life_days: Age at which an event has half its weight.
    """
    weights: dict[str, float] = {}
    for event in sorted(history, key=lambda event: event.moment):
        if event.track_id in durations:
            weight = weight_of(event, durations[event.track_id], now=now, half_life_days=half_life_days)
            before = 0.0 if event.kind in VERDICTS else weights.get(event.track_id, 0.0)
            weights[event.track_id] = before + weight
    return weights


def weight_of(event: ListenEvent, duration_ms: int | None, *, now: datetime, half_life_days: float) -> float:
    """Return the weight of one event.

    If the played share is known, it replaces the weight of a play or a skip. A skip is never positive.
    """
    weight = EVENT_WEIGHTS[event.kind]
    if event.kind not in VERDICTS and event.played_ms is not None and duration_ms:
        weight = float(np.interp(event.played_ms / duration_ms, PLAYED_SHARES, PLAYED_WEIGHTS))
        if event.kind == EventKind.SKIP:
            weight = min(weight, 0.0)
    if event.at is not None:
        age_days = max(0.0, (now - event.at).total_seconds() / 86400)
        weight *= 0.5 ** (age_days / half_life_days)
    return weight
