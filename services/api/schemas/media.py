"""Searches by a clip or a picture, and tokens of audio and image elements."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Base64Bytes, Field

from services.api.request_limits import PICTURE_WEIGHT_MAX
from services.api.schemas.tracks import Request, Response, Track, TrackAttributes, TrackDescriptors
from services.domain.errors import UnsupportedPicture
from services.ingest.formats import picture_format


def _is_picture(content: bytes) -> bytes:
    """Return the content of a picture, or raise ValueError with the reason why it has no supported format."""
    try:
        picture_format(content)
    except UnsupportedPicture as error:
        raise ValueError(error.detail) from error
    return content


class Picture(Request):
    """A picture in a request for recommendations."""

    content: Annotated[Base64Bytes, AfterValidator(_is_picture)] = Field(
        description="The file in base64: JPEG, PNG, WebP or GIF."
    )
    weight: float = Field(
        default=1.0,
        ge=-PICTURE_WEIGHT_MAX,
        le=PICTURE_WEIGHT_MAX,
        description="Relative to the history, which has the weight 1. A negative weight asks for less of it.",
    )


class MatchedTrack(Track):
    """A track and its similarity to a clip or a picture."""

    score: float = Field(description="Cosine similarity to the clip or the picture, −1 to 1; 1 is identical.")


class HeardClip(Response):
    """The analysis of a clip."""

    attributes: TrackAttributes
    descriptors: TrackDescriptors
    tags: dict[str, float] = Field(description="Tags that the encoder predicts, each with its strength, 0 to 1.")


class ClipMatches(Response):
    """Tracks that sound like a clip, most similar first, and the analysis of the clip."""

    understood: HeardClip
    tracks: list[MatchedTrack]


class SeenPicture(Response):
    """What was understood of a picture."""

    shows: list[str] = Field(description="What the picture shows, most probable first; empty if nothing is recognised.")
    looks: str = Field(description="How the picture looks, such as “warm, bright, calm”.")
    valence: float = Field(description="Mood of the picture, 0 (sad, dark) to 1 (happy, bright).")
    energy: float = Field(description="Energy of the picture, 0 (calm) to 1 (energetic).")


class PictureMatches(Response):
    """Tracks that fit a picture, best first, and what was understood of the picture."""

    understood: SeenPicture
    tracks: list[MatchedTrack]


class MediaToken(Response):
    """A token for elements that cannot send a key."""

    token: str | None = Field(description="Append it to URLs of media as `?token=`. Null if no key is required.")
    expires_at: datetime | None = Field(description="When the token expires. Null if no key is required.")
