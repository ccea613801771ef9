"""Blind comparisons of what Segue finds with a baseline, and what people preferred."""

from http import HTTPStatus

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.libraries import narrowed
from services.api.schemas.comparisons import (
    AnsweredComparison,
    ComparedTrack,
    Comparison,
    ComparisonAnswer,
    ComparisonReport,
    Preference,
)
from services.api.schemas.listens import listener_named
from services.api.schemas.tracks import Track
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import TrackNotFound
from services.domain.filters import Filters
from services.domain.track import Track as StoredTrack
from services.experiments.preferences import preference

comparisons = Blueprint("comparisons", __name__, url_prefix="/v1")


@comparisons.post("/users/<user>/comparisons")
@operation(
    "startComparison",
    "Get a track and two others to compare",
    returns=Comparison,
    status=HTTPStatus.CREATED,
    problems=(HTTPStatus.UNPROCESSABLE_ENTITY,),
)
@needs(Scope.LISTEN, listener="user", expensive=True)
def start_comparison(user: str) -> Comparison:
    """Get a random track and two others. One of these is what Segue finds; which one is not told.

    The other one is a random track of the same genre, or what Segue finds with another model version if the library is
    analysed with two. All three are by different artists. A comparison that is not answered within a day is deleted.
    """
    listener, found = listener_named(user), services()
    pair = found.comparer.pair(narrowed(Filters(), listener))
    known = _tracks(pair.track_id, *pair.shown)
    made = found.catalogue.comparisons.add(listener, pair)
    first, second = (ComparedTrack.of(known[each]) for each in pair.shown)
    return Comparison(
        id=made.id,
        track=Track.of(known[pair.track_id]),
        first=first,
        second=second,
        shown_at=made.shown_at,
        answers=found.catalogue.comparisons.count(listener),
    )


@comparisons.put("/users/<user>/comparisons/<comparison_id>")
@operation(
    "answerComparison",
    "Say which of two tracks fits better",
    body=ComparisonAnswer,
    returns=AnsweredComparison,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.LISTEN, listener="user")
def answer_comparison(user: str, comparison_id: str, body: ComparisonAnswer) -> AnsweredComparison:
    """Store the answer, and get the names of the two tracks. The first answer counts; another one changes nothing."""
    listener, store = listener_named(user), services().catalogue.comparisons
    pair = store.answer(listener, comparison_id, body.choice).pair
    known = _tracks(*pair.shown)
    first, second = (Track.of(known[each]) for each in pair.shown)
    return AnsweredComparison(first=first, second=second, answers=store.count(listener))


@comparisons.get("/comparisons/report")
@operation("getComparisonReport", "Get what people preferred", returns=ComparisonReport)
@needs(Scope.ADMIN)
def get_report() -> ComparisonReport:
    """Get how often people preferred what Segue finds, with an interval, for each model version and baseline."""
    tallies = services().catalogue.comparisons.tallies()
    return ComparisonReport(contests=[Preference.of(preference(*each)) for each in tallies.items()])


def _tracks(*track_ids: str) -> dict[str, StoredTrack]:
    """Return tracks by id.

    Raises:
        TrackNotFound: one was deleted.
    """
    known = services().catalogue.tracks.get_many(track_ids)
    for track_id in track_ids:
        if track_id not in known:
            raise TrackNotFound(track_id)
    return known
