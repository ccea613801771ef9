"""Pictures of scanned folders, and searches for them."""

from typing import Self

from pydantic import Field, model_validator

from services.api.request_limits import CURSOR_MAX, PAGE_DEFAULT, PAGE_MAX
from services.api.schemas.tracks import Request, Response, is_none
from services.api.schemas.words import MoodId, Text, Understood
from services.domain import picture
from services.domain.picture import PictureStatus
from services.domain.question import RESULTS_DEFAULT, RESULTS_MAX
from services.domain.words import TEXT_USED_MAX

LIMIT = "Maximum number of pictures to return."


class Picture(Response):
    """A picture of a scanned folder."""

    id: str = Field(description="Derived from the file's content, so it stays the same when the file is moved.")
    path: str = Field(description="Path relative to the scanned folder.")
    status: PictureStatus = Field(description="Only `ready` pictures are found by searches.")
    reason: str | None = Field(default=None, exclude_if=is_none, description="Reason of a failure. Absent otherwise.")
    shows: list[str] = Field(description="What it shows, most probable first; empty if nothing is recognised.")
    looks: str | None = Field(description="How it looks, such as “warm, bright, calm”. Null before it is read.")
    valence: float | None = Field(description="Its mood, 0 (sad, dark) to 1 (happy, bright). Null before it is read.")
    energy: float | None = Field(description="Its energy, 0 (calm) to 1 (energetic). Null before it is read.")

    @classmethod
    def of(cls, found: picture.Picture, **more: object) -> Self:
        """Return the response for a picture."""
        fields = {name: getattr(found, name) for name in Picture.model_fields}
        return cls.model_validate(fields | {"shows": list(found.shows)} | more)


class PicturePage(Response):
    """A page of pictures, ordered by id."""

    pictures: list[Picture]
    next_cursor: str | None = Field(description="Pass it as `cursor` to get the next page. Null on the last page.")


class PicturePageQuery(Request):
    """The pictures to list."""

    status: PictureStatus | None = Field(default=None, description="Return only pictures with this status.")
    cursor: str | None = Field(default=None, max_length=CURSOR_MAX, description="`next_cursor` of the previous page.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of pictures on a page.")


class ScoredPicture(Picture):
    """A picture, and how well it goes with a track or with words."""

    score: float = Field(description="Cosine similarity to the track or to the words, −1 to 1.")


class TrackPictures(Response):
    """Pictures that go with a track, best first."""

    pictures: list[ScoredPicture]


class TrackPicturesQuery(Request):
    """The number of pictures."""

    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description=LIMIT)


class PictureResults(Response):
    """Pictures that go with words, best first."""

    understood: Understood | None = Field(description="What was understood of the text. Null without a text.")
    pictures: list[ScoredPicture]


class PictureSearchQuery(TrackPicturesQuery):
    """A text, a mood preset or both, and the number of pictures."""

    text: Text | None = Field(
        default=None, description=f"A description of music; the first {TEXT_USED_MAX} characters are used."
    )
    mood: MoodId | None = Field(default=None, description="A mood preset; `GET /v1/moods` lists all.")

    @model_validator(mode="after")
    def _describes_something(self) -> Self:
        if self.text is None and self.mood is None:
            raise ValueError("Give `text`, `mood` or both.")
        return self
