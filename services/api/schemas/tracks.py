"""Requests and responses about tracks, and what the other schemas share."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypeAliasType

from services.api.request_limits import ID_MAX, PLAYED_MS_MAX
from services.covers.files import CoverSize
from services.domain import listening, track
from services.domain.filters import ATTRIBUTES, RANGE_FIELDS
from services.domain.listening import EventKind
from services.domain.measures import MEASURES
from services.domain.track import TrackStatus

DESCRIPTORS = tuple(name for name in RANGE_FIELDS if name not in (*ATTRIBUTES, "year", "duration_ms"))
"""Fields that signal processing measures."""

KEYWORDS: dict[str, str] = {
    "genre": "One of these genres, as the file names it or as a tag that is heard. Case is ignored",
    "artist": "One of these artists. Case is ignored",
    "album": "One of these albums. Case is ignored",
    "library": "One of these named libraries. Case is ignored",
    "tags": "One of these tags that the encoder predicts with a strength of 0.2 or more, named as in audio features "
    "(`msd:rock`) or without the data set (`rock`). Case is ignored",
}

_LENIENT = TypeAdapter(AwareDatetime)


def _written_out(value: object) -> datetime:
    """Return the time. Pydantic would also accept digits, as seconds since 1970."""
    is_written_out = isinstance(value, datetime) or (isinstance(value, str) and ":" in value)
    if not is_written_out:
        raise ValueError("Give a date with a time and a time zone, such as 2026-03-01T20:15:00Z.")
    try:  # here, because strict validation refuses text that a function returns
        return _LENIENT.validate_python(value, strict=False)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A point in time in the format of RFC 3339."""

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores no NUL in text, so no name can contain one."""

TrackName = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX, pattern=NO_NUL)]
"""A track id or an external id, `namespace:value`."""


class Request(BaseModel):
    """A request. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Response(BaseModel):
    """A response. Clients ignore unknown fields."""

    model_config = ConfigDict(extra="ignore")


def is_none(value: object) -> bool:
    """Whether a value is None. A field with `exclude_if=is_none` is absent instead of null."""
    return value is None


def _measured(name: str) -> Any:  # noqa: ANN401  as pydantic's own Field
    return Field(default=None, description=MEASURES[name].meaning + ".")


def _confidence(name: str) -> Any:  # noqa: ANN401  as pydantic's own Field
    return Field(default=None, description=f"Confidence of `{name}`, 0 to 1.")


class _Measured(Response):
    """Values that may be null; every field is present."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class TrackAttributes(_Measured):
    """Perceptual attributes that the encoder predicts, each from 0 to 1. Null if it makes no prediction."""

    energy: float | None = _measured("energy")
    valence: float | None = _measured("valence")
    danceability: float | None = _measured("danceability")
    acousticness: float | None = _measured("acousticness")
    instrumentalness: float | None = _measured("instrumentalness")
    liveness: float | None = _measured("liveness")
    speechiness: float | None = _measured("speechiness")


class TrackDescriptors(_Measured):
    """Values that signal processing measures. Null if the audio gives no evidence."""

    tempo: float | None = _measured("tempo")
    tempo_confidence: float | None = _confidence("tempo")
    key: int | None = _measured("key")
    key_confidence: float | None = _confidence("key")
    mode: int | None = _measured("mode")
    mode_confidence: float | None = _confidence("mode")
    time_signature: int | None = _measured("time_signature")
    time_signature_confidence: float | None = _confidence("time_signature")
    loudness: float | None = _measured("loudness")
    brightness: float | None = _measured("brightness")
    onset_rate: float | None = _measured("onset_rate")
    flux: float | None = _measured("flux")
    mobility: float | None = _measured("mobility")
    duration: float | None = Field(default=None, description="Length in seconds.")


TrackIds = TypeAliasType(
    "TrackIds", Annotated[dict[str, str], Field(description="External ids by namespace, such as `isrc` or `mbid`.")]
)


OwnValues = TypeAliasType(
    "OwnValues",
    Annotated[
        dict[str, float | bool | str],
        Field(description="Values that an analyst attached to the track, by names such as `mine.energy`."),
    ],
)


class TrackArtist(Response):
    """One artist of a track or of an album."""

    id: str = Field(description="See `GET /v1/artists/{artist_id}`.")
    name: str = Field(description="As the tags have it.")

    @classmethod
    def all_of(cls, found: Iterable[track.NamedArtist]) -> list[Self]:
        """Return the response for some artists."""
        return [cls(id=each.id, name=each.name) for each in found]


class Track(Response):
    """One recording of the library."""

    id: str = Field(
        description="Derived from the audio, so it stays the same when the file is moved, renamed or retagged."
    )
    title: str = Field(description="From the file's tags, or else its name.")
    artist: str | None = Field(description="As the file's tags have it: one text also for several artists.")
    artist_id: str | None = Field(
        default=None, description="Id of the artist credited first, see `GET /v1/artists/{artist_id}`."
    )
    artists: list[TrackArtist] = Field(
        default=[], description="Each artist by itself, guests last, also those that a title names: “(feat. …)”."
    )
    album: str | None
    album_id: str | None = Field(default=None, description="Id of the album, see `GET /v1/albums/{album_id}`.")
    album_artist: str | None = Field(default=None, description="Artist of the whole album, from the file's tags.")
    album_artists: list[TrackArtist] = Field(default=[], description="Each artist of the whole album by itself.")
    compilation: bool = Field(default=False, description="Whether the file's tags say that the album is a compilation.")
    release_mbid: str | None = Field(default=None, description="MusicBrainz id of the release.")
    disc_number: int | None = Field(default=None, description="Number of its disc in the album.")
    disc_total: int | None = Field(default=None, description="Number of discs.")
    track_number: int | None = Field(default=None, description="Number on its disc.")
    track_total: int | None = Field(default=None, description="Number of tracks on its disc.")
    year: int | None = Field(description="Of this release.")
    original_year: int | None = Field(default=None, description="Of the first release.")
    genre: str | None = Field(description="As the file's tags have it: one text also for several genres.")
    genres: list[str] = Field(default=[], description="Each genre by itself.")
    composer: str | None = None
    comment: str | None = None
    tag_bpm: float | None = Field(default=None, description="Tempo in the file's tags. `descriptors` has the measured.")
    tag_key: str | None = Field(default=None, description="Key in the file's tags. `descriptors` has the measured.")
    replay_gain: float | None = Field(default=None, description="Gain of the track in the file's tags, in dB.")
    has_lyrics: bool = Field(default=False, description="Whether the file contains lyrics.")
    rating: float | None = Field(default=None, description="Rating in the file's tags, 0 to 1.")
    tags: list[str] = Field(
        default=[], description="What is heard most clearly, such as “piano” or “slow”: at most three, strongest first."
    )
    fragment: str | None = Field(
        default=None,
        description="`intro` (also an outro or an interlude), `skit`, `applause`, `speech` or `silence`: only requests "
        "with `include_fragments` find it. Null for music.",
    )
    duration_ms: int | None = Field(description="Length in milliseconds.")
    added_at: datetime | None = Field(default=None, description="When Segue first found it.")
    path: str | None = Field(description="Path relative to the library root. Null if no file holds the track any more.")
    status: TrackStatus = Field(description="Only `ready` tracks are recommended.")
    reason: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="Reason of a failure or quarantine. Absent otherwise.",
    )
    attributes: TrackAttributes | None = Field(description="Null before analysis.")
    descriptors: TrackDescriptors | None = Field(description="Null before analysis.")
    has_cover: bool = Field(
        description="Whether its file, or its folder, contains a picture. Otherwise its cover is drawn."
    )
    ids: TrackIds
    own_features: OwnValues = {}

    @classmethod
    def of(cls, found: track.Track, **more: object) -> Self:
        """Return the response for a track."""
        return cls.model_validate(
            dict(zip(Track.model_fields, _FIELDS_OF(found), strict=True))
            | {
                "artists": TrackArtist.all_of(found.artists),
                "album_artists": TrackArtist.all_of(found.album_artists),
            }
            | more,
        )


_FIELDS_OF = attrgetter(*Track.model_fields)
"""Returns the values of all fields at once: a response reads a thousand of them."""


class SimilarTrack(Track):
    """A track and its similarity."""

    score: float = Field(
        description="Cosine similarity to its taste or seed, −1 to 1; 1 is identical. Where several tastes, words or "
        "directions choose the tracks, it does not fall from track to track."
    )
    because_of: list[str] = Field(
        description="What led to it, strongest first: `words:` and a text of the request, `mood:` and a mood preset, "
        "`artist:` and an artist that a new listener chose, or the id of a track."
    )


class RecommendedTrack(SimilarTrack):
    """A track to play next, and the reasons for it."""

    taste: int | None = Field(description="Index of its taste in `tastes`, from 0. Null if the history is empty.")
    rank_score: float = Field(
        description="What the track was chosen by when its place was filled: its similarity to the taste, to one of "
        "its plays and to the words, less penalties and less its similarity to the tracks chosen before. In the order "
        "`relevance` it falls from track to track within a taste, except where a maximum per artist, album or genre "
        "had to be raised."
    )


class Taste(Response):
    """A taste of a listener."""

    label: str = Field(
        description="Description by tags and attributes, such as “calm, piano, slow”, or the words of the request."
    )
    weight: float = Field(description="Share of the taste in the history, 0 to 1.")
    plays: list[str] = Field(description="Ids of its plays, heaviest first.")

    @classmethod
    def of(cls, found: listening.DescribedTaste) -> Self:
        """Return the response for a taste."""
        return cls(label=found.label, weight=found.weight, plays=list(found.plays))


class CoverQuery(Request):
    """The size of a cover."""

    size: CoverSize = Field(
        default=CoverSize.TILE,
        description="Pixels of the longer side. A picture is not enlarged; a drawing has every size.",
    )


class ListenEvent(Request):
    """A listen event."""

    track_id: TrackName = Field(description="A track id or an external id, `namespace:value`.")
    event: EventKind = Field(default=EventKind.PLAY, description="What the listener did.")
    at: Moment | None = Field(default=None, description="Time of the event, with a time zone. Null means now.")
    played_ms: int | None = Field(default=None, ge=0, le=PLAYED_MS_MAX, description="Played time in milliseconds.")

    def to_domain(self) -> listening.ListenEvent:
        """Return the event for the recommender."""
        return listening.ListenEvent(self.track_id, self.event, self.at, self.played_ms)
