"""A listening history in, the next tracks out."""

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.recommendations import RecommendationRequest
from services.api.schemas.tracks import Recommendations, RecommendedTrack, Taste
from services.api.security.authentication import require_listener
from services.api.security.permissions import needs
from services.api.v1.tracks import with_metadata
from services.domain.access import Scope
from services.domain.listening import Answer
from services.domain.question import Question

recommendations = Blueprint("recommendations", __name__, url_prefix="/v1")


@recommendations.post("/recommendations")
@operation("recommend", "What to play next", body=RecommendationRequest, returns=Recommendations)
@needs(Scope.READ, expensive=True)
def recommend(body: RecommendationRequest) -> Recommendations:
    """Answer a listening history with the tracks to play next.

    Plays and likes draw the answer towards their tracks, skips, dislikes and bans push it away; how much was heard
    (`played_ms`) and how long ago (`at`) decide how far. A history of several moods is answered with each of them in
    turn. The history's own tracks are left out. Ids that no ready track has are listed in `unknown` and otherwise
    ignored. A history that says nothing is answered with tracks from all over the library.

    With `user` the stored listens of a listener are asked about, as by `GET /v1/users/{user}/recommendations`; a
    `history` beside it counts as well. The key then needs the scope `listen` besides `read`.
    """
    question = body.to_domain()
    if body.user is not None:
        require_listener(body.user)
        question = about(question, body.user, body.repeat_after)
    return answered(services().recommender.recommend(question))


def about(question: Question, listener: str, repeat_after: timedelta | None) -> Question:
    """The same question with what is stored of a listener."""
    remembered = services().catalogue.listens.remembered(listener, repeat_after=repeat_after)
    return replace(question, remembered=remembered)


def answered(answer: Answer) -> Recommendations:
    """What the recommender found, with what the catalogue knows of the tracks."""
    return Recommendations(
        tracks=with_metadata(answer.recommendations, RecommendedTrack),
        tastes=[Taste.of(taste) for taste in answer.tastes],
        unknown=list(answer.unknown),
    )
