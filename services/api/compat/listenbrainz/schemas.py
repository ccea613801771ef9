"""What scrobblers send and get, as the OpenAPI document describes it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.request_limits import SCROBBLES_PAGE, SCROBBLES_PAGE_MAX
from services.api.schemas.tracks import Response

Seconds = Annotated[int, Field(ge=0, description="Seconds since 1970.")]


class ScrobblerSent(BaseModel):
    """Something that a scrobbler sends; what ListenBrainz does not know is ignored."""

    model_config = ConfigDict(extra="ignore")


class ScrobbledTrackInfo(ScrobblerSent):
    """What a scrobbler knows of a recording besides its names."""

    recording_mbid: UUID | None = Field(default=None, description="MusicBrainz's id of the recording.")
    isrc: str | None = Field(default=None, description="The recording's ISRC.")
    duration_ms: int | None = Field(default=None, description="Length in milliseconds.")


class ScrobbledTrack(ScrobblerSent):
    """The recording that was heard."""

    artist_name: str
    track_name: str
    release_name: str | None = None
    additional_info: ScrobbledTrackInfo | None = None


class ScrobbledListen(ScrobblerSent):
    """One listen."""

    listened_at: Seconds | None = None
    track_metadata: ScrobbledTrack


class ScrobblerSubmission(ScrobblerSent):
    """Listens to record."""

    listen_type: Literal["single", "playing_now", "import"]
    payload: list[ScrobbledListen] = Field(min_length=1, max_length=1000)


class ScrobblerDeletion(ScrobblerSent):
    """The listen to delete."""

    listened_at: Seconds
    recording_msid: UUID


class ScrobblerFeedback(ScrobblerSent):
    """A verdict about a recording."""

    recording_mbid: UUID | None = None
    recording_msid: UUID | None = None
    score: Literal[1, 0, -1]


class ScrobblerImport(ScrobblerSent):
    """Where an import ended."""

    ts: Seconds | None = None


class TokenQuery(ScrobblerSent):
    """The token to check."""

    token: str | None = Field(default=None, description="Instead of the header.")


class ScrobblesQuery(ScrobblerSent):
    """Which plays to list."""

    max_ts: int | None = Field(default=None, description="Only plays before this second since 1970.")
    min_ts: int | None = Field(default=None, description="Only plays after it, the oldest of them.")
    count: int | None = Field(
        default=None, description=f"How many, at most {SCROBBLES_PAGE_MAX}; {SCROBBLES_PAGE} if not given."
    )


class LatestImportQuery(ScrobblerSent):
    """Whose import."""

    user_name: str | None = Field(default=None, description="The listener.")


class ScrobblerAnswer(Response):
    """What ListenBrainz answers."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any]


class ScrobblerError(Response):
    """An error as ListenBrainz has it."""

    code: int
    error: str
