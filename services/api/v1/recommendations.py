"""Recommendations for a listening history, texts and pictures, mood presets, and paths between two tracks."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, request

from services.api.answers import open_answer, record_question
from services.api.context import services
from services.api.http.operation import operation
from services.api.libraries import narrowed
from services.api.pictures import read_pictures, vectors_of
from services.api.request_limits import RECOMMENDATION_MAX_BYTES
from services.api.schemas.filters import PathQuery
from services.api.schemas.moods import Mood, Moods
from services.api.schemas.radio import Path
from services.api.schemas.recommendations import RecommendationRequest, Recommendations
from services.api.security.authentication import require_listener
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope
from services.domain.recommendation_log import AnswerKind
from services.telemetry.stages import Part, recommendation_part
from services.words.moods import moods

recommendations = Blueprint("recommendations", __name__, url_prefix="/v1")


@recommendations.before_request
def _allow_pictures() -> None:
    if request.endpoint == "recommendations.recommend":
        request.max_content_length = RECOMMENDATION_MAX_BYTES


@recommendations.post("/recommendations")
@operation(
    "recommend",
    "Recommend tracks for a listening history, texts and pictures",
    body=RecommendationRequest,
    returns=Recommendations,
)
@needs(Scope.READ, expensive=True)
def recommend(body: RecommendationRequest) -> Recommendations:
    """Get the tracks to play after a listening history, for texts, for pictures, or for several of them.

    Plays and likes attract similar tracks; skips, dislikes and bans repel them. Their weight depends on the time played
    (`played_ms`) and on their age (`at`). If the history has several moods, the answer alternates between them. The
    tracks of the history are left out. Ids that match no ready track are listed in `unknown` and otherwise ignored.
    Without any usable event or text, the tracks come from the whole library.

    A `text` such as “calm piano, under 80 bpm” or a `mood` steers the answer: every track is chosen by the history and
    by the words. `understood` contains the filters, the targets, the examples and the other words of each text. If
    nothing of the texts is understood and nothing else is given to choose tracks by, `tracks` is empty.

    `pictures` steer the answer like texts; the response's `pictures` contains what each shows and how it looks. A
    worker reads them; if it does not answer within 5 s, the status is 503. Nothing of them is stored.

    With `user`, the stored listens of that listener count as well, as in `GET /v1/users/{user}/recommendations`. The
    key then needs the scope `listen` in addition to `read`.
    """
    entry = open_answer(AnswerKind.RECOMMENDATIONS, listener=body.user, private=body.private)
    question = entry.asked(body.to_domain(), body.model_fields_set)
    if body.user is not None:
        require_listener(body.user)
        remembered = services().catalogue.listens.remembered(body.user, repeat_after=body.repeat_after)
        question = replace(question, remembered=remembered)
    question = replace(question, filters=narrowed(question.filters, body.user))
    readings = read_pictures(body.pictures)
    question = replace(question, vectors=vectors_of(body.pictures, readings))
    question = services().words.read(question, [text.to_domain() for text in body.text], body.mood)
    with services().catalogue.tracks.shared_reads():
        answer = services().recommender.recommend(question)
        logged = record_question(entry, question, answer.recommendations)
        with recommendation_part(Part.PRESENT):
            known = services().catalogue.tracks.get_many([each.track_id for each in answer.recommendations])
            return presenters.recommendations(answer, known, logged, question.words, readings)


@recommendations.get("/path")
@operation(
    "findPath", "Find a path between two tracks", problems=(HTTPStatus.NOT_FOUND,), query=PathQuery, returns=Path
)
@needs(Scope.READ, expensive=True)
def find_path(query: Any) -> Path:  # noqa: ANN401  its fields are made at run time
    """Get tracks that lead smoothly from one track to another. Both ends are included, and no track comes twice.

    The path has at most `steps` tracks. It has fewer if not enough tracks match the filters, or if more tracks would
    make a hop between two neighbours much weaker than the others. The filters do not apply to the two ends. The path
    from a track to itself contains that track only.
    """
    filters = query.conditions()
    steps = services().paths.between(
        query.start, query.end, steps=query.steps, filters=filters, options=query.options()
    )
    return presenters.path(steps, services().catalogue.tracks.get_many([step.track_id for step in steps]))


@recommendations.get("/moods")
@operation("listMoods", "List the mood presets", returns=Moods)
@needs(Scope.READ)
def list_moods() -> Moods:
    """Get all mood presets, with their titles in English and German and what they stand for.

    A mood preset is a set of words, targets and filters under one name. Pass its `id` as `mood`.
    """
    return Moods(moods=[Mood.of(mood) for mood in moods().values()])
