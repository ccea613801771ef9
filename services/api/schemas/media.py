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


class WeightedPictureIn(Request):
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


class SeenVideo(Response):
    """What was understood of a video."""

    seconds: float = Field(description="Its length.")
    shows: list[str] = Field(description="What it shows most often; empty if nothing is recognised.")
    cuts_per_minute: float = Field(description="Rate of cuts.")
    motion: float = Field(description="Mean difference of neighbouring frames without cuts, 0 (still) to 1.")
    valence: float = Field(description="Mood of its colours, 0 (sad, dark) to 1 (happy, bright).")
    energy: float = Field(description="Its energy by cuts, motion and colours, 0 (calm) to 1 (energetic).")
    course: list[float] = Field(description="Its energy in each second.")
    build: str = Field(description="`rises`, `falls`, `varies` or `steady`: how its energy develops.")


class FittingTrack(Track):
    """A track and how well it fits a video."""

    score: float = Field(description="How well it fits altogether; higher is better.")
    mood: float = Field(description="Cosine similarity to the mood of the video, −1 to 1.")
    length: float = Field(description="1 if the track lasts as long as the video; otherwise its share of it.")
    build: float = Field(
        description="0 to 1: whether the track is as varied, or as even, as the video, among tracks that fit its mood."
    )


class VideoMatches(Response):
    """Tracks that fit a video, best first, and what was understood of the video."""

    understood: SeenVideo
    tracks: list[FittingTrack]


class MediaToken(Response):
    """A token for elements that cannot send a key."""

    token: str | None = Field(description="Append it to URLs of media as `?token=`. Null if no key is required.")
    expires_at: datetime | None = Field(description="When the token expires. Null if no key is required.")
