"""Requests and responses of ListenBrainz's API, as the OpenAPI document describes them."""

from datetime import datetime
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


class PageQuery(ScrobblerSent):
    """A part of a list."""

    count: int | None = Field(default=None, description="Maximum number of items.")
    offset: int | None = Field(default=None, description="Items to skip.")


class FeedbackQuery(PageQuery):
    """Selects verdicts."""

    score: int | None = Field(default=None, description="1: only loved recordings, -1: only hated ones.")
    metadata: bool | None = Field(default=None, description="Whether to return `track_metadata`.")


class RecommendedQuery(PageQuery):
    """Selects recommendations."""

    artist_type: str | None = Field(default=None, description="`top`, `similar` or `raw`, which makes no difference.")


class PlaylistPageQuery(PageQuery):
    """A part of a list of playlists."""


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


class GivenFeedback(Response):
    """A verdict about a recording."""

    user_id: str
    created: int = Field(description="Seconds since 1970.")
    score: Literal[1, -1] = Field(description="1 for love, -1 for hate.")
    recording_mbid: str | None
    recording_msid: str
    track_metadata: ScrobbleTrack | None = Field(description="Null unless the request asks for it.")


class FeedbackPage(Response):
    """Verdicts of a listener."""

    feedback: list[GivenFeedback]
    count: int = Field(description="The number of items in `feedback`.")
    total_count: int
    offset: int


class RecommendedRecording(Response):
    """A recommended recording."""

    recording_mbid: str
    score: float = Field(description="Cosine similarity to its taste, −1 to 1.")


class RecommendedPayload(Response):
    """Recommended recordings, best first."""

    user_name: str
    type: str
    entity: Literal["recording"] = "recording"
    mbids: list[RecommendedRecording]
    count: int = Field(description="The number of items in `mbids`.")
    total_mbid_count: int
    offset: int
    last_updated: int = Field(description="Seconds since 1970.")


class RecommendedPage(Response):
    """Recommended recordings."""

    payload: RecommendedPayload


class Algorithm(Response):
    """How the tracks are chosen."""

    source_patch: str = Field(description="The key of a mix, or `smart-playlist`.")


class ChosenBy(Response):
    """How the tracks are chosen."""

    algorithm_metadata: Algorithm


class PlaylistExtension(Response):
    """Whose playlist it is."""

    additional_metadata: ChosenBy | None = Field(
        default=None, exclude_if=is_none, description="Absent for a listener's own one."
    )
    creator: str
    created_for: str | None = Field(default=None, exclude_if=is_none, description="Absent for a listener's own one.")
    last_modified_at: datetime
    public: Literal[False] = False


class CreatedBy(Response):
    """MusicBrainz's extension of a playlist in JSPF."""

    model_config = ConfigDict(populate_by_name=True)

    playlist: PlaylistExtension = Field(alias="https://musicbrainz.org/doc/jspf#playlist")


class TrackDetails(Response):
    """What JSPF has no field for."""

    segue_track_id: str


class TrackExtension(Response):
    """Details of a track."""

    additional_metadata: TrackDetails


class IdentifiedBy(Response):
    """MusicBrainz's extension of a track in JSPF."""

    model_config = ConfigDict(populate_by_name=True)

    track: TrackExtension = Field(alias="https://musicbrainz.org/doc/jspf#track")


class ShownTrack(Response):
    """A track in JSPF."""

    identifier: list[str] = Field(description="The recording at MusicBrainz; empty if its id is not known.")
    title: str
    creator: str = Field(description="The artist.")
    album: str | None
    duration: int | None = Field(description="Milliseconds.")
    extension: IdentifiedBy


class ShownPlaylist(Response):
    """A playlist in JSPF."""

    identifier: str = Field(description="Its URL, which ends with its id.")
    title: str
    annotation: str
    creator: str
    date: datetime
    extension: CreatedBy
    track: list[ShownTrack] = Field(description="Empty in lists of playlists.")


class WrappedPlaylist(Response):
    """A document in JSPF."""

    playlist: ShownPlaylist


class PlaylistPage(Response):
    """Playlists of a listener."""

    playlists: list[WrappedPlaylist]
    count: int = Field(description="The number of items in `playlists`.")
    offset: int
    playlist_count: int
