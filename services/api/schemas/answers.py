"""What responses with recommended tracks say about the recommendation log."""

from pydantic import Field

from services.api.schemas.filters import SimilarQuery
from services.api.schemas.tracks import Response, SimilarTrack

PRIVATE = "Whether to keep the answer out of the recommendation log, as in a private session."


class TriedVariant(Response):
    """An experiment, and the variant of it that ranked the tracks."""

    name: str = Field(description="Name of the experiment.")
    variant: str = Field(description="Name of the variant.")


class LoggedAnswer(Response):
    """An answer with recommended tracks."""

    recommendation_id: str | None = Field(
        description="Id of the answer in the recommendation log. Send it with the listens that follow, so that they "
        "count for this answer. Null: the answer is not logged."
    )
    experiment: TriedVariant | None = Field(description="The experiment that the answer takes part in. Null: none.")


class SimilarTracksQuery(SimilarQuery):
    """The number of tracks and the filters."""

    private: bool = Field(default=False, description=PRIVATE)


class SimilarTracks(LoggedAnswer):
    """Tracks similar to a track, most similar first."""

    tracks: list[SimilarTrack]
