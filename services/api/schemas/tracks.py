"""What goes in and out over HTTP. The client reads answers with the same classes."""

from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from services.api.request_limits import CURSOR_MAX, ID_MAX, PAGE_DEFAULT, PAGE_MAX, PATH_MAX, PLAYED_MS_MAX, TEXT_MAX
from services.api.schemas.fields import MEASURES, Moment
from services.domain import job as domain_job
from services.domain import listening, track
from services.domain.job import JobKind, JobState
from services.domain.listening import EventKind
from services.domain.track import TrackStatus

EXAMPLE_ID = "5e0c1f0a-7f5b-8d7e-9a43-0d6f6f1c2b11"
EXAMPLE_PLAY = "b3a9d1c2-41e7-8f60-8c1d-27f0a5e4d9c3"

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores no NUL in text; a name with one exists nowhere."""

TrackName = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX, pattern=NO_NUL)]
"""A track id or an external id, `namespace:value`."""


class Request(BaseModel):
    """Something a client sends: a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Response(BaseModel):
    """Something the service answers; a client takes fields that it does not know yet."""

    model_config = ConfigDict(extra="ignore")


def is_none(value: object) -> bool:
    """Whether a value is None; a field with `exclude_if=is_none` is absent instead of null."""
    return value is None


def _measured(name: str) -> Any:  # noqa: ANN401  as pydantic's own Field
    return Field(default=None, description=MEASURES[name].meaning + ".")


def _confidence(name: str) -> Any:  # noqa: ANN401  as pydantic's own Field
    return Field(default=None, description=f"Confidence of `{name}`, 0 to 1.")


class _Measured(Response):
    """Values that may be null; every field is present."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class TrackAttributes(_Measured):
    """Perceptual attributes that the encoder predicts, each 0 to 1; null where it makes no prediction."""

    energy: float | None = _measured("energy")
    valence: float | None = _measured("valence")
    danceability: float | None = _measured("danceability")
    acousticness: float | None = _measured("acousticness")
    instrumentalness: float | None = _measured("instrumentalness")
    liveness: float | None = _measured("liveness")
    speechiness: float | None = _measured("speechiness")


class TrackDescriptors(_Measured):
    """Values that signal processing measures; null where the audio gives no evidence."""

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


class Track(Response):
    """One recording of the library."""

    id: str = Field(description="Derived from the audio itself: it survives moving, renaming and retagging the file.")
    title: str = Field(description="From the file's tags, or its name.")
    artist: str | None
    album: str | None
    year: int | None
    genre: str | None
    duration_ms: int | None = Field(description="Length in milliseconds.")
    path: str | None = Field(description="Relative to its library root; null when no file holds the track any more.")
    status: TrackStatus = Field(description="Only `ready` tracks are recommended.")
    reason: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="Why it failed or is quarantined; absent otherwise.",
    )
    attributes: TrackAttributes | None = Field(description="Null before analysis.")
    descriptors: TrackDescriptors | None = Field(description="Null before analysis.")
    ids: TrackIds

    @classmethod
    def of(cls, found: track.Track, **more: object) -> Self:
        """The answer for a track of the catalogue."""
        return cls.model_validate(
            {name: getattr(found, name) for name in Track.model_fields} | more,
        )


class TrackPage(Response):
    """Some tracks in library order: artist, album, title."""

    tracks: list[Track]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page; null on the last.")


class SimilarTrack(Track):
    """A track and how alike it is."""

    score: float = Field(description="Cosine similarity to the taste or seed it answers, −1 to 1; 1 is the same.")
    because_of: list[str] = Field(description="Ids of the tracks that led to it, strongest first.")


class RecommendedTrack(SimilarTrack):
    """A track to play next, and why."""

    taste: int | None = Field(description="Which of `tastes` it serves, counted from 0; null where nothing is known.")


class Taste(Response):
    """One of the things that a listener likes."""

    label: str = Field(description="In words made from its tags and attributes, such as “calm, piano, slow”.")
    weight: float = Field(description="Its share of all that the listener likes, 0 to 1.")
    plays: list[str] = Field(description="Ids of the tracks it was made from, heaviest first.")

    @classmethod
    def of(cls, found: listening.DescribedTaste) -> Self:
        """The answer for a taste that the recommender described."""
        return cls(label=found.label, weight=found.weight, plays=list(found.plays))


class SimilarTracks(Response):
    """Tracks that feel like one track, nearest first."""

    tracks: list[SimilarTrack]


class Recommendations(Response):
    """Tracks to play next, in the order asked for."""

    tracks: list[RecommendedTrack]
    tastes: list[Taste] = Field(description="What the history says its listener likes, heaviest first.")
    unknown: list[str] = Field(description="Ids in the question that no ready track has.")


class TrackPageQuery(Request):
    """Which tracks to list."""

    q: str = Field(
        default="",
        max_length=TEXT_MAX,
        pattern=NO_NUL,
        description="Words that must all occur in title, artist or album, without regard to case.",
    )
    status: TrackStatus | None = Field(default=None, description="Only tracks that stand here.")
    cursor: str | None = Field(default=None, max_length=CURSOR_MAX, description="`next_cursor` of the page before.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Tracks on a page.")


class ListenEvent(Request):
    """One thing a listener did."""

    track_id: TrackName = Field(description="A track id or an external id, `namespace:value`.")
    event: EventKind = Field(default=EventKind.PLAY, description="What the listener did.")
    at: Moment | None = Field(default=None, description="When, with a time zone; null is now.")
    played_ms: int | None = Field(
        default=None, ge=0, le=PLAYED_MS_MAX, description="How much of it was heard, in milliseconds."
    )

    def to_domain(self) -> listening.ListenEvent:
        """The event as the recommender takes it."""
        return listening.ListenEvent(self.track_id, self.event, self.at, self.played_ms)


class AudioUrlRequest(Request):
    """A track to be listened to."""

    track_id: TrackName = Field(description="A track id or an external id, `namespace:value`.")


class AudioUrl(Response):
    """Where a track's audio can be had without a key, for a while."""

    url: str = Field(description="Path and query of the audio, to be given to an audio element as it is.")
    expires_at: datetime | None = Field(description="When it ends; null where no key is needed.")


class ScanRequest(Request):
    """A folder, or a single file, to take into the library."""

    path: str = Field(
        min_length=1,
        max_length=PATH_MAX,
        pattern=NO_NUL,
        description="Absolute path on the machine that Segue runs on.",
    )


class Failure(Response):
    """A file that gave no track, and why."""

    path: str = Field(description="Absolute; of an upload, for keys without `admin`, the file's name only.")
    reason: str


class Job(Response):
    """A scan or an upload, and how far it is. `done` + `failed` reaches `total` when it ends."""

    id: str
    kind: JobKind
    state: JobState
    path: str | None = Field(
        description="What is scanned, or where the upload is stored; the latter is null for keys without `admin`."
    )
    total: int = Field(description="Audio files found; 0 until the folder is listed.")
    done: int = Field(description="Files whose track is analysed.")
    failed: int = Field(description="Files that gave no track.")
    failures: list[Failure] = Field(description="The first of the failures; `failed` has the full count.")
    reason: str | None = Field(description="Why the job as a whole failed.")
    tracks: list[str] = Field(description="Ids of the tracks that were new or changed, the first of them.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, found: domain_job.Job, *, to_admin: bool) -> Self:
        """The answer for a job of the catalogue; where uploads are stored only an admin is told."""
        told = to_admin or found.kind != JobKind.UPLOAD
        failures = [
            Failure(path=failure.path if told else PurePath(failure.path).name, reason=failure.reason)
            for failure in found.failures
        ]
        fields = {name: getattr(found, name) for name in cls.model_fields}
        path = found.path if told else None
        return cls.model_validate(fields | {"path": path, "failures": failures, "tracks": list(found.tracks)})


class AudioFeatures(TrackAttributes, TrackDescriptors):
    """Everything that the analysis of one track found, in one flat object; null where a value is not known."""

    id: str
    duration_ms: int | None = Field(description="Length in milliseconds.")
    model_version: str = Field(description="Version of the encoder that analysed the track.")
    tags: dict[str, float] = Field(description="Tags that the encoder predicts, each with its strength, 0 to 1.")
    embedding: list[float] | None = Field(
        description="Position of the track in the vibe space: 128 numbers, unit length. Null unless it is `ready`."
    )
