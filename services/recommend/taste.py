"""What a listener likes, from what they did."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from services.catalog.tracks import Embedded
from services.domain.listening import EventKind, ListenEvent, Taste

EVENT_WEIGHTS = {EventKind.PLAY: 1.0, EventKind.LIKE: 2.0, EventKind.SKIP: -0.5, EventKind.DISLIKE: -1.0}
"""How much one event says about a taste: a like twice as much as a play, a skip half as much against."""

VERDICTS = frozenset({EventKind.LIKE, EventKind.DISLIKE})
"""Events that say outright what the listener thinks of a track."""

HALF_LIFE_DAYS = 30.0
"""An event this old counts half."""

LEAST_LENGTH = 1e-6
"""A sum this short beside its strongest part has no direction: what was liked and disliked cancels out."""


def taste_of(history: Sequence[ListenEvent], tracks: Mapping[str, Embedded], *, now: datetime) -> Taste | None:
    """One taste: the weighted mean of the history, as a unit vector.

    Events on tracks that are not in `tracks` say nothing. None when nothing has a direction.
    """
    weights: dict[str, float] = {}
    for event in history:
        if event.track_id in tracks:
            weight = weight_of(event, tracks[event.track_id].duration_ms, now=now)
            # A verdict replaces what was said of the track before it.
            before = 0.0 if event.kind in VERDICTS else weights.get(event.track_id, 0.0)
            weights[event.track_id] = before + weight
    strongest = max(map(abs, weights.values()), default=0.0)
    if strongest == 0:
        return None
    # Only proportions matter: a history that is all years old says as much as one of today.
    total = np.sum([weight / strongest * tracks[track_id].vector for track_id, weight in weights.items()], axis=0)
    length = float(np.linalg.norm(total))
    if length < LEAST_LENGTH:
        return None
    return Taste(vector=(total / length).astype(np.float32), plays=tuple(weights.items()))


def weight_of(event: ListenEvent, duration_ms: int | None, *, now: datetime) -> float:
    """What one event counts: its kind, how much of a play was heard, and how long ago it was."""
    weight = EVENT_WEIGHTS[event.kind]
    if event.kind == EventKind.PLAY and event.played_ms is not None and duration_ms:
        weight *= min(1.0, event.played_ms / duration_ms)
    if event.at is not None:
        age_days = max(0.0, (now - event.at).total_seconds() / 86400)
        weight *= 0.5 ** (age_days / HALF_LIFE_DAYS)
    return weight
