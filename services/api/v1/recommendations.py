"""A listening history in, the next tracks out."""

from apiflask import APIBlueprint

from services.api.context import services
from services.api.schemas import RecommendationRequest, Recommendations
from services.api.v1.tracks import with_metadata

recommendations = APIBlueprint("recommendations", __name__, url_prefix="/v1", tag="Recommendations")


@recommendations.post("/recommendations")
@recommendations.input(RecommendationRequest, location="json")
@recommendations.output(Recommendations)
@recommendations.doc(operation_id="recommend", summary="What to play next")
def recommend(json_data: RecommendationRequest) -> Recommendations:
    """Answer a listening history with the tracks to play next, best first.

    Plays and likes draw the answer towards their tracks, skips and dislikes push it away. The history's own tracks
    are left out. Ids that no ready track has are listed in `unknown` and otherwise ignored.
    """
    answer = services().recommender.recommend(
        [event.to_domain() for event in json_data.history],
        limit=json_data.limit,
        filters=json_data.domain_filters(),
        exclude=frozenset(json_data.exclude),
    )
    return Recommendations(tracks=with_metadata(answer.recommendations), unknown=list(answer.unknown))
