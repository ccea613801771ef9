"""Requests of the client in the form that the HTTP API takes."""

from dataclasses import fields
from typing import Any

from services.domain.filters import EXCLUDED, Filters
from services.domain.listening import ListenEvent, NewListen
from services.domain.question import AnswerOptions, Question, SessionOptions, options_of
from services.domain.radio import RadioStart


def question_as_json(question: Question) -> dict[str, Any]:
    """Return a question as the body of a request."""
    return {
        "history": [event_as_json(event) for event in question.history],
        **_conditions_as_json(question),
        **options_of(question, AnswerOptions),
    }


def radio_as_json(start: RadioStart) -> dict[str, Any]:
    """Return the start of a radio session as the body of a request."""
    seeds = {each.name: list(getattr(start.seeds, each.name)) for each in fields(start.seeds)}
    return {
        "seeds": seeds,
        "history": [event_as_json(event) for event in start.history],
        "user": start.listener,
        **_conditions_as_json(start.terms),
        **options_of(start.terms, SessionOptions),
    }


def _conditions_as_json(question: Question) -> dict[str, Any]:
    return {
        "filters": filters_as_json(question.filters),
        "targets": dict(question.targets),
        "exclude": {
            "tracks": list(question.exclude.tracks),
            "artists": list(question.exclude.artists),
            "seed_artists": question.exclude.seed_artists,
        },
    }


def event_as_json(event: ListenEvent) -> dict[str, Any]:
    """Return an event of a history."""
    return {
        "track_id": event.track_id,
        "event": event.kind.value,
        "at": None if event.at is None else event.at.isoformat(),
        "played_ms": event.played_ms,
    }


def listen_as_json(listen: NewListen) -> dict[str, Any]:
    """Return a listen to record."""
    described = listen.described
    return {
        "track_id": listen.names[0] if listen.names else None,
        "other_ids": list(listen.names[1:]),
        "artist": None if described is None else described.artist,
        "title": None if described is None else described.title,
        "album": None if described is None else described.album,
        "duration_ms": None if described is None else described.duration_ms,
        "event": listen.kind.value,
        "at": listen.at.isoformat() if listen.undated_plays is None else None,
        "played_ms": listen.played_ms,
        "key": listen.key,
        "undated_plays": listen.undated_plays,
    }


def filters_as_json(filters: Filters) -> dict[str, Any]:
    """Return filters as part of a request's body."""
    ranges = {name: {"min": wanted.min, "max": wanted.max} for name, wanted in filters.ranges.items()}
    return {**ranges, **_keywords_as_json(filters)}


def filters_as_parameters(filters: Filters) -> dict[str, Any]:
    """Return filters as query parameters."""
    ends = {f"min_{name}": wanted.min for name, wanted in filters.ranges.items()}
    ends |= {f"max_{name}": wanted.max for name, wanted in filters.ranges.items()}
    given = {name: value for name, value in ends.items() if value is not None}
    return {**given, **_keywords_as_json(filters)}


def _keywords_as_json(filters: Filters) -> dict[str, list[str]]:
    wanted = {name: list(values) for name, values in filters.any_of.items()}
    return wanted | {EXCLUDED[name]: list(values) for name, values in filters.none_of.items() if name in EXCLUDED}
