"""Requests and responses of Audioscrobbler, as the OpenAPI document describes them."""

from pydantic import BaseModel, ConfigDict, Field

from services.api.compat.audioscrobbler.responses import ATTRIBUTES, TEXT
from services.api.schemas.tracks import Response


class Sent(BaseModel):
    """Parameters of a request; unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore")


class AudioscrobblerRequest(Sent):
    """Parameters of version 2.0. Scrobbles have fields such as `artist[0]` besides, up to 50 of each."""

    method: str = Field(description="The name of the method.")
    format: str | None = Field(default=None, description="`json` for JSON. XML otherwise.")
    sk: str | None = Field(default=None, description="The session key.")
    api_sig: str | None = Field(
        default=None,
        description="The signature: 32 hexadecimal digits. Segue does not know the application's secret, so it checks "
        "the form only.",
    )
    username: str | None = Field(default=None, description="The account that signs in.")
    password: str | None = Field(default=None, description="Its password, or an API key of the listener.")
    authToken: str | None = Field(default=None, description="Instead of it: `md5(username + md5(password))`.")
    artist: str | None = Field(default=None, description="The artist of one track.")
    track: str | None = Field(default=None, description="The title of the track.")
    album: str | None = Field(default=None, description="The album of the track.")
    mbid: str | None = Field(default=None, description="The MusicBrainz id of the recording.")
    duration: str | None = Field(default=None, description="The length of the track in seconds.")
    timestamp: str | None = Field(default=None, description="When the track was started, in seconds since 1970.")
    user: str | None = Field(default=None, description="A listener; without it the one who signed in.")
    limit: str | None = Field(default=None, description="Plays on a page.")
    page: str | None = Field(default=None, description="The number of the page, from 1.")
    since: str | None = Field(default=None, alias="from", description="Only plays from this time on, likewise.")
    to: str | None = Field(default=None, description="Only plays until this time, in seconds since 1970.")


class Session(Response):
    """A session key for a listener."""

    name: str
    key: str
    subscriber: str


class Corrected(Response):
    """A text as it was sent; Segue corrects none."""

    corrected: str
    text: str = Field(alias=TEXT)


class IgnoredMessage(Response):
    """Why a track was ignored."""

    code: str = Field(description="0 if it was not.")
    text: str = Field(alias=TEXT)


class EchoedTrack(Response):
    """A track as it was sent."""

    artist: Corrected
    track: Corrected
    album: Corrected
    albumArtist: Corrected
    ignoredMessage: IgnoredMessage


class EchoedScrobble(EchoedTrack):
    """A play as it was sent."""

    timestamp: str


class ScrobbleCounts(Response):
    """How many plays are stored, and how many are not."""

    accepted: str
    ignored: str


class Scrobbles(Response):
    """The result for each play."""

    attributes: ScrobbleCounts = Field(alias=ATTRIBUTES)
    scrobble: EchoedScrobble | list[EchoedScrobble] = Field(description="A list if there are several.")


class Named(Response):
    """A name with a MusicBrainz id."""

    mbid: str
    text: str = Field(alias=TEXT)


class Image(Response):
    """An image, which Segue does not have."""

    size: str
    text: str = Field(alias=TEXT)


class PlayedAt(Response):
    """A time."""

    uts: str = Field(description="Seconds since 1970.")
    text: str = Field(alias=TEXT)


class IsPlaying(Response):
    """The mark of what plays now."""

    nowplaying: str


class RecentTrack(Response):
    """A track that was played, or plays now."""

    artist: Named
    name: str
    mbid: str
    album: Named
    url: str
    streamable: str
    image: list[Image]
    date: PlayedAt | None = Field(default=None, description="Absent for what plays now.")
    attributes: IsPlaying | None = Field(default=None, alias=ATTRIBUTES, description="Absent for what was played.")


class RecentPage(Response):
    """Where a page is in the list."""

    user: str
    totalPages: str
    page: str
    perPage: str
    total: str


class RecentTracks(Response):
    """Plays of a listener."""

    attributes: RecentPage = Field(alias=ATTRIBUTES)
    track: list[RecentTrack]


class Registered(Response):
    """When the first listen was."""

    unixtime: str = Field(description="Seconds since 1970.")
    text: str = Field(alias=TEXT)


class UserInfo(Response):
    """A listener."""

    name: str
    realname: str
    url: str
    image: list[Image]
    country: str
    subscriber: str
    playcount: str
    playlists: str
    registered: Registered
    type: str


class AudioscrobblerAnswer(Response):
    """The result of a method: one of these fields, or none for methods that return nothing."""

    session: Session | None = None
    scrobbles: Scrobbles | None = None
    nowplaying: EchoedTrack | None = None
    recenttracks: RecentTracks | None = None
    user: UserInfo | None = None


class AudioscrobblerError(Response):
    """An error in the protocol's format."""

    error: int = Field(description="The protocol's code.")
    message: str = Field(description="What is wrong.")


class Handshake(Sent):
    """Parameters of the handshake of version 1.2."""

    u: str | None = Field(default=None, description="The account.")
    t: str | None = Field(default=None, description="The time of the player, in seconds since 1970.")
    a: str | None = Field(default=None, description="`md5(md5(password) + t)`.")
    sk: str | None = Field(default=None, description="Instead of `u` and `a`: a session key of version 2.0.")


class PlayingNotice(Sent):
    """What starts to play."""

    s: str | None = Field(default=None, description="The session key.")
    a: str | None = Field(default=None, description="The artist.")
    t: str | None = Field(default=None, description="The title.")
    b: str | None = Field(default=None, description="The album.")
    l: str | None = Field(default=None, description="The length in seconds.")  # noqa: E741  the protocol's name
    m: str | None = Field(default=None, description="The MusicBrainz id of the recording.")


class Submission(Sent):
    """Plays, in fields such as `a[0]`, `t[0]`, `i[0]`, `l[0]`, `b[0]`, `m[0]` and `r[0]`, up to 50 of each."""

    s: str | None = Field(default=None, description="The session key.")
