"""The analyses of tracks."""

from pydantic import Field

from services.api.request_limits import FEATURES_MAX
from services.api.schemas.tracks import Request, Response, TrackAttributes, TrackDescriptors, TrackName


class AudioFeatures(TrackAttributes, TrackDescriptors):
    """The analysis of a track as one flat object. Unknown values are null."""

    id: str
    duration_ms: int | None = Field(description="Length in milliseconds.")
    model_version: str = Field(description="Version of the encoder that analysed the track.")
    tags: dict[str, float] = Field(description="Tags that the encoder predicts, each with its strength, 0 to 1.")
    embedding: list[float] | None = Field(
        description=(
            "Position of the track in the space of the encoder: 128 numbers with the shipped one, unit length. Null "
            "unless it is `ready`."
        )
    )


class TrackHighlight(Response):
    """The part of a track to play as its preview."""

    start: float = Field(description="Where it starts, in seconds.")
    end: float = Field(description="Where it ends, in seconds: 30 s later, or at the end of a shorter track.")
    measured: bool = Field(
        description="Whether it is the most typical part of the track. Otherwise it is the middle, because the track "
        "has no analysis yet, or one by a model that did not look for it."
    )
    audio_url: str | None = Field(
        description="URL of the audio with a media fragment, `#t=START,END`, that lets audio elements play this part "
        "only. Insert a media token before the fragment. Null if no file holds the track any more."
    )


class AudioFeaturesRequest(Request):
    """The tracks whose analyses to get."""

    ids: list[TrackName] = Field(
        min_length=1, max_length=FEATURES_MAX, description="Track ids or external ids, `namespace:value`."
    )


class AudioFeaturesList(Response):
    """The analyses of some tracks."""

    audio_features: list[AudioFeatures] = Field(description="In the order of the request, each track once.")
    unknown: list[str] = Field(description="Ids of the request that belong to no analysed track.")
