"""Radio sessions as JSON documents: in the columns of stored sessions, and in the recommendation log."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter

from services.catalog.questions import Document, event_as_json, event_of, terms_as_json, terms_of
from services.domain.listening import Recommendation
from services.domain.radio import (
    CallRecord,
    Direction,
    RadioPick,
    RadioSession,
    SessionEvent,
    SessionState,
    SessionTrack,
    SessionWords,
)

_WORDS = TypeAdapter(SessionWords)
_TRACK_FIELDS = tuple(each.name for each in fields(SessionTrack))
_TRACK_VALUES = attrgetter(*_TRACK_FIELDS)


def words_as_json(words: SessionWords) -> dict[str, Any]:
    """Return the words of a session as a document."""
    document: dict[str, Any] = _WORDS.dump_python(words, mode="json")
    return document


def words_of(document: Document) -> SessionWords:
    """Return the words that `words_as_json` wrote."""
    return _WORDS.validate_python(document)


def directions_as_json(directions: Iterable[Direction]) -> dict[str, Any]:
    """Return directions as a document, by number."""
    return {
        str(each.number): {
            "plays": [list(play) for play in each.plays],
            "weight": each.weight,
            "since": each.since,
            "waypoint": each.waypoint,
            "of_words": each.of_words,
        }
        for each in directions
    }


def directions_of(document: Document) -> tuple[Direction, ...]:
    """Return the directions that `directions_as_json` wrote."""
    return tuple(
        Direction(
            int(number),
            tuple((track_id, weight) for track_id, weight in each["plays"]),
            each["weight"],
            each["since"],
            each["waypoint"],
            each.get("of_words", False),  # older sessions have no words
        )
        for number, each in document.items()
    )


def call_as_json(call: CallRecord) -> dict[str, Any]:
    """Return the answer to a call as a document."""
    return {
        "picks": [
            [
                pick.recommendation.track_id,
                pick.recommendation.score,
                list(pick.recommendation.because_of),
                pick.direction,
            ]
            for pick in call.picks
        ],
        "unknown": list(call.unknown),
        "recommendation_id": call.recommendation_id,
    }


def call_of(key: str, digest: str, document: Document) -> CallRecord:
    """Return the answer that `call_as_json` wrote."""
    picks = tuple(
        RadioPick(Recommendation(track_id, score, tuple(because_of)), direction)
        for track_id, score, because_of, direction in document["picks"]
    )
    return CallRecord(key, digest, picks, tuple(document["unknown"]), document.get("recommendation_id"))


def state_as_json(state: SessionState, limit: int) -> dict[str, Any]:
    """Return the state of a session and the number of tracks that were asked for, to ask it again."""
    session = state.session
    own = {"listener": session.listener, "position": session.position, "calls": session.calls, "events": session.events}
    return {
        "question": terms_as_json(session.terms),
        "session": own
        | {
            "words": words_as_json(session.words),
            "directions": directions_as_json(session.directions),
            "touched_at": session.touched_at.isoformat(),
            "tracks": [list(_TRACK_VALUES(track)) for track in state.tracks.values()],
            "played": [[each.number, *event_as_json(each.event)] for each in state.events],
        },
        "limit": limit,
    }


def state_of(session_id: str, document: Document) -> tuple[SessionState, int]:
    """Return the state and the number of tracks that `state_as_json` wrote."""
    stored = document["session"]
    touched_at = datetime.fromisoformat(stored["touched_at"])
    session = RadioSession(
        id=session_id,
        terms=terms_of(document["question"]),
        created_at=touched_at,
        touched_at=touched_at,
        listener=stored["listener"],
        directions=directions_of(stored["directions"]),
        words=words_of(stored["words"]),
        position=stored["position"],
        calls=stored["calls"],
        events=stored["events"],
    )
    tracks = [SessionTrack(**dict(zip(_TRACK_FIELDS, values, strict=True))) for values in stored["tracks"]]
    events = tuple(SessionEvent(number, event_of(values)) for number, *values in stored["played"])
    return SessionState(session, {track.track_id: track for track in tracks}, events), document["limit"]
