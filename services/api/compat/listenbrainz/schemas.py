"""Requests and responses of ListenBrainz's API, as the OpenAPI document describes them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.api.request_limits import LISTENS_MAX, SCROBBLES_PAGE, SCROBBLES_PAGE_MAX
from services.api.schemas.tracks import Response, is_none

Seconds = Annotated[int, Field(ge=0, description="Seconds since 1970.")]


class ScrobblerSent(BaseModel):
    """A part of a scrobbler's request; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class ScrobbledTrackInfo(ScrobblerSent):
    """Ids and length of a recording."""

    recording_mbid: UUID | None = Field(default=None, description="MusicBrainz id of the recording.")
    isrc: str | None = Field(default=None, description="The recording's ISRC.")
    duration_ms: int | None = Field(default=None, description="Length in milliseconds.")


class ScrobbledTrack(ScrobblerSent):
    """The recording of a listen."""

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
    payload: list[ScrobbledListen] = Field(min_length=1, max_length=LISTENS_MAX)


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
    """The time an import reached."""

    ts: Seconds | None = None


class TokenQuery(ScrobblerSent):
    """The token to check."""

    token: str | None = Field(default=None, description="The token, if it is not in the `Authorization` header.")


class ScrobblesQuery(ScrobblerSent):
    """Selects plays."""

    max_ts: int | None = Field(default=None, description="Only plays before this time, in seconds since 1970.")
    min_ts: int | None = Field(
        default=None,
        description="Only plays after this time, in seconds since 1970. Without `max_ts`: the oldest of them.",
    )
    count: int | None = Field(
        default=None,
        description=f"Maximum number of plays, {SCROBBLES_PAGE} by default and at most {SCROBBLES_PAGE_MAX}.",
    )


class LatestImportQuery(ScrobblerSent):
    """The listener of an import."""

    user_name: str | None = Field(default=None, description="The listener.")


class ScrobblerSuccess(Response):
    """The request succeeded."""

    status: Literal["ok"] = "ok"


class TokenValidity(Response):
    """Whether a token is valid, and its listener."""

    code: Literal[200] = 200
    message: str
    valid: bool
    user_name: str | None = Field(default=None, exclude_if=is_none, description="Absent if the token is not valid.")


class ScrobbleTrackInfo(Response):
    """Ids and length of a recording."""

    recording_msid: str = Field(description="Shared by all listens of the same recording; `deleteScrobble` takes it.")
    recording_mbid: str | None = Field(default=None, exclude_if=is_none, description="Absent if not known.")
    isrc: str | None = Field(default=None, exclude_if=is_none, description="Absent if not known.")
    segue_track_id: str | None = Field(
        default=None, exclude_if=is_none, description="Absent if the track is not in the library."
    )
    duration_ms: int | None = Field(
        default=None, exclude_if=is_none, description="Length in milliseconds; absent if not known."
    )
    media_player: str | None = Field(
        default=None, exclude_if=is_none, description="The player of what is playing now; absent otherwise."
    )


class ScrobbleTrack(Response):
    """The recording of a play."""

    artist_name: str = Field(description="`[unknown]` if not known.")
    track_name: str
    release_name: str | None
    additional_info: ScrobbleTrackInfo


class Scrobble(Response):
    """A play that is stored."""

    listened_at: int = Field(description="Seconds since 1970.")
    recording_msid: str
    user_name: str
    track_metadata: ScrobbleTrack


class ScrobblePagePayload(Response):
    """Plays, newest first."""

    user_id: str
    count: int = Field(description="The number of plays in `listens`.")
    listens: list[Scrobble]
    latest_listen_ts: int = Field(description="Seconds since 1970 of the listener's newest play; 0 if there is none.")
    oldest_listen_ts: int = Field(description="Seconds since 1970 of the listener's oldest play; 0 if there is none.")


class ScrobblePage(Response):
    """Plays of a listener."""

    payload: ScrobblePagePayload


class ScrobbleCountPayload(Response):
    """A number of plays."""

    count: int


class ScrobbleCount(Response):
    """How many plays a listener has."""

    payload: ScrobbleCountPayload


class PlayingListen(Response):
    """What is playing, which is no listen yet."""

    playing_now: Literal[True] = True
    track_metadata: ScrobbleTrack


class PlayingNowPayload(Response):
    """What is playing: one track or none."""

    user_id: str
    count: int = Field(description="The number of tracks in `listens`.")
    playing_now: Literal[True] = True
    listens: list[PlayingListen]


class PlayingNow(Response):
    """What a listener plays now."""

    payload: PlayingNowPayload


class LatestImport(Response):
    """Where an import continues."""

    musicbrainz_id: str = Field(description="The listener.")
    latest_import: int = Field(default=0, description="Always 0: an import starts from the beginning.")


class ScrobblerError(Response):
    """An error in ListenBrainz's format."""

    code: int = Field(description="The HTTP status.")
    error: str = Field(description="What is wrong.")
