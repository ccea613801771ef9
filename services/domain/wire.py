"""What the client sends, as the API takes it."""

from typing import Any

from services.domain.filters import Filters
from services.domain.listening import ListenEvent, NewListen
from services.domain.question import Question
from services.domain.radio import RadioStart


def question_as_json(question: Question) -> dict[str, Any]:
    """A question as the body of a request."""
    return {
        "history": [event_as_json(event) for event in question.history],
        "limit": question.limit,
        "filters": filters_as_json(question.filters),
        "targets": dict(question.targets),
        "exclude": {
            "tracks": list(question.exclude.tracks),
            "artists": list(question.exclude.artists),
            "seed_artists": question.exclude.seed_artists,
        },
        "diversity": question.diversity,
        "max_per_artist": question.max_per_artist,
        "max_per_album": question.max_per_album,
        "variety": question.variety,
        "seed": question.seed,
        "order": question.order.value,
        "half_life_days": question.half_life_days,
        "explain": question.explain,
    }


def radio_as_json(start: RadioStart) -> dict[str, Any]:
    """What a radio is started with as the body of a request."""
    terms, seeds = question_as_json(start.terms), start.seeds
    # A radio is endless and sees to it itself that no artist follows themselves.
    of_one_answer = ("history", "limit", "explain", "max_per_artist", "max_per_album")
    return {name: value for name, value in terms.items() if name not in of_one_answer} | {
        "seeds": {
            "tracks": list(seeds.tracks),
            "artists": list(seeds.artists),
            "genres": list(seeds.genres),
            "tags": list(seeds.tags),
        },
        "history": [event_as_json(event) for event in start.history],
        "user": start.listener,
    }


def event_as_json(event: ListenEvent) -> dict[str, Any]:
    """An event of a history."""
    return {
        "track_id": event.track_id,
        "event": event.kind.value,
        "at": None if event.at is None else event.at.isoformat(),
        "played_ms": event.played_ms,
    }


def listen_as_json(listen: NewListen) -> dict[str, Any]:
    """A listen to be kept."""
    described = listen.described
    return {
        "track_id": listen.names[0] if listen.names else None,
        "other_ids": list(listen.names[1:]),
        "artist": None if described is None else described.artist,
        "title": None if described is None else described.title,
        "album": None if described is None else described.album,
        "duration_ms": None if described is None else described.duration_ms,
        "event": listen.kind.value,
        "at": listen.at.isoformat(),
        "played_ms": listen.played_ms,
        "key": listen.key,
    }


def filters_as_json(filters: Filters) -> dict[str, Any]:
    """Conditions in the body of a request."""
    ranges = {name: {"min": wanted.min, "max": wanted.max} for name, wanted in filters.ranges.items()}
    return {**ranges, **{name: list(values) for name, values in filters.any_of.items()}}


def filters_as_parameters(filters: Filters) -> dict[str, Any]:
    """Conditions in the query of a request."""
    ends = {f"min_{name}": wanted.min for name, wanted in filters.ranges.items()}
    ends |= {f"max_{name}": wanted.max for name, wanted in filters.ranges.items()}
    given = {name: value for name, value in ends.items() if value is not None}
    return {**given, **{name: list(values) for name, values in filters.any_of.items()}}
