"""Log the recommended tracks of a response."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from services.api.context import services
from services.api.schemas.answers import TriedVariant
from services.api.security.authentication import principal
from services.catalog.questions import question_as_json
from services.domain.filters import Filters
from services.domain.listening import Recommendation
from services.domain.question import Question
from services.domain.recommendation_log import AnswerKind
from services.recommend.answer_log import Entry, Write

Label = dict[str, Any]
"""The fields of `LoggedAnswer`."""


def open_answer(
    kind: AnswerKind, *, listener: str | None = None, session: str | None = None, private: bool = False
) -> Entry:
    """Return the entry for the answer of this request; without a `listener`, it is for that of the key."""
    return services().answer_log.open(kind, listener=listener or principal().listener, session=session, private=private)


def record(entry: Entry, write: Write, recommendations: Sequence[Recommendation]) -> Label:
    """Log an answer, and return what the response says about it."""
    return label_of(entry, services().answer_log.record(entry, write, recommendations))


def label_of(entry: Entry, recommendation_id: str | None) -> Label:
    """Return what a response says about its answer."""
    tried = None
    if entry.experiment is not None and entry.variant is not None:
        tried = TriedVariant(name=entry.experiment, variant=entry.variant)
    return {"recommendation_id": recommendation_id, "experiment": tried}


def record_question(entry: Entry, question: Question, recommendations: Sequence[Recommendation]) -> Label:
    """Log the answer to a question."""
    return record(entry, partial(question_as_json, question), recommendations)


def record_similar(
    entry: Entry,
    track_id: str,
    filters: Filters,
    recommendations: Sequence[Recommendation],
    exclude: Sequence[str] = (),
) -> Label:
    """Log tracks that are similar to a track."""
    question = Question(filters=filters, limit=max(1, len(recommendations)))
    # The id of the track, which the request may name by an external id.
    seed = next((each.because_of[0] for each in recommendations), track_id)
    more = {"similar_to": seed, "exclude": list(exclude)}
    return record(entry, lambda: question_as_json(question) | more, recommendations)
