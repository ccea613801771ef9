"""How parts of a radio session are written as JSON, and read back."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.domain.filters import Filters, Range
from services.domain.listening import Recommendation
from services.domain.question import Exclusion, Order, Question
from services.domain.radio import CallRecord, Direction, RadioPick

Document = Mapping[str, Any]


def terms_as_json(terms: Question) -> dict[str, Any]:
    """Everything of a question but its history."""
    return {
        "ranges": {name: [wanted.min, wanted.max] for name, wanted in terms.filters.ranges.items()},
        "any_of": {name: list(values) for name, values in terms.filters.any_of.items()},
        "none_of": {name: list(values) for name, values in terms.filters.none_of.items()},
        "or_unknown": sorted(terms.filters.or_unknown),
        "targets": dict(terms.targets),
        "exclude_tracks": list(terms.exclude.tracks),
        "diversity": terms.diversity,
        "variety": terms.variety,
        "seed": terms.seed,
        "order": terms.order.value,
        "half_life_days": terms.half_life_days,
    }


def terms_of(document: Document) -> Question:
    """The question that `terms_as_json` wrote."""
    return Question(
        filters=Filters(
            ranges={name: Range(*ends) for name, ends in document["ranges"].items()},
            any_of={name: tuple(values) for name, values in document["any_of"].items()},
            none_of={name: tuple(values) for name, values in document["none_of"].items()},
            or_unknown=frozenset(document.get("or_unknown", ())),  # older sessions have none
        ),
        targets=document["targets"],
        exclude=Exclusion(tracks=tuple(document["exclude_tracks"])),
        diversity=document["diversity"],
        variety=document["variety"],
        seed=document["seed"],
        order=Order(document["order"]),
        half_life_days=document["half_life_days"],
    )


def directions_as_json(directions: Iterable[Direction]) -> dict[str, Any]:
    """Directions by their numbers."""
    return {
        str(each.number): {
            "plays": [list(play) for play in each.plays],
            "weight": each.weight,
            "since": each.since,
            "waypoint": each.waypoint,
        }
        for each in directions
    }


def directions_of(document: Document) -> tuple[Direction, ...]:
    """The directions that `directions_as_json` wrote."""
    return tuple(
        Direction(
            int(number),
            tuple((track_id, weight) for track_id, weight in each["plays"]),
            each["weight"],
            each["since"],
            each["waypoint"],
        )
        for number, each in document.items()
    )


def call_as_json(call: CallRecord) -> dict[str, Any]:
    """What a call was answered."""
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
    }


def call_of(key: str, digest: str, document: Document) -> CallRecord:
    """The answer that `call_as_json` wrote."""
    picks = tuple(
        RadioPick(Recommendation(track_id, score, tuple(because_of)), direction)
        for track_id, score, because_of, direction in document["picks"]
    )
    return CallRecord(key, digest, picks, tuple(document["unknown"]))
