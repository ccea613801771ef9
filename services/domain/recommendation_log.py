"""The recommendation log: what was recommended to whom and why, and the listens that followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.domain.listening import EventKind

FOLLOWS_WITHIN = timedelta(hours=24)
"""A listen without a `recommendation_id` belongs to the latest answer of this time that recommended its track."""


class AnswerKind(StrEnum):
    """What recommended the tracks."""

    RECOMMENDATIONS = "recommendations"
    SIMILAR = "similar"
    RADIO = "radio"
    PLAYLIST = "playlist"


@dataclass(frozen=True, slots=True)
class LoggedTrack:
    """A recommended track.

    Attributes:
        track_id: Its id.
        rank: Its place in the answer, from 1.
        score: Cosine similarity to its taste or seed, −1 to 1.
        reason: The reason with the most influence: a track id, or `words:…`, `mood:…`, `picture:…`, `artist:…`.
        taste: The index of its taste in the answer, or the number of its direction in the radio session.
        propensity: The probability with which the ranking chose this track for its place, before the tracks were put
            in order; 1 without exploration.
    """

    track_id: str
    rank: int
    score: float
    reason: str | None = None
    taste: int | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAnswer:
    """An answer with recommended tracks.

    Attributes:
        id: The `recommendation_id` of the answer, a UUID.
        at: When it was given; aware.
        kind: What recommended the tracks.
        listener: The stored listener, if the answer is for one.
        session: The id of the radio session, if it is of one.
        libraries: Ids of the libraries that the sender was limited to; empty if it was not.
        question: Everything needed to ask it again; see `services.catalog.questions`.
        model_version: Of the encoder whose embeddings were compared.
        ranking_version: `RANKING_VERSION` of the ranking.
        experiment: The experiment that the answer took part in.
        variant: Its variant.
        tracks: In the order of the answer.
    """

    id: str
    at: datetime
    kind: AnswerKind
    listener: str | None = None
    session: str | None = None
    libraries: tuple[str, ...] = ()
    question: Mapping[str, Any]
    model_version: str
    ranking_version: int
    experiment: str | None = None
    variant: str | None = None
    tracks: tuple[LoggedTrack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A listen that followed a recommendation.

    Attributes:
        answer_id: The `recommendation_id` of the answer.
        rank: The place of the track in the answer, from 1.
        track_id: The recommended track.
        listener: Who listened.
        kind: What the listener did.
        at: When; aware.
        played_ms: How long the track was played; None if unknown.
        duration_ms: The length of the track; None if unknown.
    """

    answer_id: str
    rank: int
    track_id: str
    listener: str
    kind: EventKind
    at: datetime
    played_ms: int | None
    duration_ms: int | None
