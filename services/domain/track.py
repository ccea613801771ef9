"""Tracks, their tags and their analyses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from services.domain.names import SEPARATORS
from services.domain.own_features import Value

EMBEDDING_DIM = 128
"""Length of the vectors of the shipped encoder and its text tower; other encoders have vectors of another length."""

DIMENSION_MAX = 4_096
"""Largest length of a vector: 16 KB of the catalogue and of the index for each track."""

Vector = NDArray[np.float32]

# Rounding float32 numbers changes the length by about 1e-7.
UNIT_TOLERANCE = 1e-3


def unit_vector(vector: NDArray[Any], owner: str, dimension: int | None = None) -> Vector:
    """Return the vector as float32 after checking that it is `dimension` finite numbers of unit length.

    None allows any number of them.

    Raises:
        ValueError: it is not; the message names its owner.
    """
    checked: Vector = np.asarray(vector, dtype=np.float32)
    if checked.ndim != 1 or dimension not in {None, checked.size}:
        raise ValueError(f"{owner} has a vector of shape {checked.shape} instead of ({dimension or 'any length'},)")
    length = float(np.linalg.norm(checked.astype(np.float64)))
    if not abs(length - 1) <= UNIT_TOLERANCE:  # written so that NaN fails
        raise ValueError(f"{owner} has a vector of length {length} instead of 1")
    return checked


DESCRIPTORS = (
    "tempo",
    "tempo_confidence",
    "key",
    "key_confidence",
    "mode",
    "mode_confidence",
    "time_signature",
    "time_signature_confidence",
    "loudness",
    "brightness",
    "onset_rate",
    "flux",
    "mobility",
    "duration",
)
"""The values that signal processing measures (`models.descriptors.describe.Descriptors`)."""

TAGS_VERSION = 2
"""The version of what Segue reads from tags. A scan reads the tags again of tracks with a lower version."""

TAGS_SHOWN = 3

MEDIA_TYPES = {
    ".aac": "audio/aac",
    ".ac3": "audio/ac3",
    ".aif": "audio/aiff",
    ".aifc": "audio/aiff",
    ".aiff": "audio/aiff",
    ".amr": "audio/amr",
    ".ape": "audio/x-ape",
    ".au": "audio/basic",
    ".avi": "video/x-msvideo",
    ".caf": "audio/x-caf",
    ".dff": "audio/x-dff",
    ".dsf": "audio/x-dsf",
    ".dts": "audio/vnd.dts",
    ".eac3": "audio/eac3",
    ".ec3": "audio/eac3",
    ".flac": "audio/flac",
    ".flv": "video/x-flv",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".m4p": "audio/mp4",
    ".m4r": "audio/mp4",
    ".m4v": "video/mp4",
    ".mka": "audio/matroska",
    ".mkv": "video/matroska",
    ".mlp": "audio/vnd.dolby.mlp",
    ".mov": "video/quicktime",
    ".mp+": "audio/x-musepack",
    ".mp2": "audio/mpeg",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".mpc": "audio/x-musepack",
    ".mpg": "video/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".ra": "audio/vnd.rn-realaudio",
    ".rf64": "audio/wav",
    ".rm": "audio/vnd.rn-realaudio",
    ".shn": "audio/x-shorten",
    ".snd": "audio/basic",
    ".tak": "audio/x-tak",
    ".thd": "audio/vnd.dolby.mlp",
    ".ts": "video/mp2t",
    ".tta": "audio/x-tta",
    ".w64": "audio/x-w64",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "audio/webm",
    ".wma": "audio/x-ms-wma",
    ".wv": "audio/x-wavpack",
}
"""Media types of the supported audio files by suffix."""


class TrackStatus(StrEnum):
    """The status of a track."""

    PENDING = "pending"
    """Waiting for analysis."""
    READY = "ready"
    """Analysed: can be recommended."""
    FAILED = "failed"
    """The analysis failed; `reason` is the cause."""
    QUARANTINED = "quarantined"
    """The analysis crashed repeatedly; it is not repeated until you run `segue retry`."""
    MISSING = "missing"
    """All of its files are gone; the analysis is kept in case one comes back."""


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a file. Texts are as written; lists are in the order of the file."""

    title: str
    artists: tuple[str, ...] = ()
    album: str | None = None
    album_artists: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    year: int | None = None
    """Of this release."""
    original_year: int | None = None
    disc_number: int | None = None
    disc_total: int | None = None
    track_number: int | None = None
    track_total: int | None = None
    composers: tuple[str, ...] = ()
    bpm: float | None = None
    key: str | None = None
    comment: str | None = None
    compilation: bool = False
    release_mbid: str | None = None
    replay_gain: float | None = None
    """Of the track, in dB."""
    has_lyrics: bool = False
    rating: float | None = None
    """0 to 1."""
    duration_ms: int | None = None
    single_artists: tuple[str, ...] = ()
    """The artists one by one, where the file lists them beside the credit "A & B"."""
    single_album_artists: tuple[str, ...] = ()
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """External ids by namespace, such as `isrc` or `mbid`, in canonical form."""

    @property
    def artist(self) -> str | None:
        """The artists as one text; None if unknown."""
        return ", ".join(self.artists) or None

    @property
    def album_artist(self) -> str | None:
        """The album artists as one text; None if unknown."""
        return ", ".join(self.album_artists) or None

    @property
    def genre(self) -> str | None:
        """The genres as one text; None if unknown."""
        return ", ".join(self.genres) or None

    def to_json(self) -> dict[str, Any]:
        """Return the tags that are set, as JSON can store them."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: _json_of(value) for name, value in values.items() if value or (value == 0 and value is not False)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the tags that `to_json` stored."""
        known = {each.name for each in fields(cls)}
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        ids = {namespace: tuple(found) for namespace, found in stored.get("ids", {}).items()}
        return cls(**{name: value for name, value in values.items() if name in known} | {"ids": ids})


def _json_of(value: object) -> object:
    return {name: list(found) for name, found in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class TagRules:
    """How the catalogue uses tags, and what is one track.

    Attributes:
        separators: What separates names in one text.
        ratings_of: The listener whose first verdicts the ratings are; None: nobody's.
        shares_analyses: Whether files with the same audio in several named libraries are one track, analysed once.
    """

    separators: tuple[str, ...] = SEPARATORS
    ratings_of: str | None = None
    shares_analyses: bool = True


DEFAULT_RULES = TagRules()
"""Names are split at semicolons, ratings are nobody's verdicts, and libraries share tracks."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of an analysis, as the catalogue stores it.

    `embedding` has shape (dimension of its space,), float32, unit length. `highlight` is where the most typical part
    starts, in seconds; None if the model does not tell.
    """

    embedding: Vector
    dispersion: float
    attributes: Mapping[str, float | None]
    descriptors: Mapping[str, float | int | None]
    tags: Mapping[str, float]
    model_version: str
    highlight: float | None = None


@dataclass(frozen=True, slots=True)
class NamedArtist:
    """An artist of a track: its id in the library, and its name as the tags have it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Track:
    """A recording in the library. Its id is derived from the audio."""

    id: str
    title: str
    artist: str | None
    album: str | None
    year: int | None
    genre: str | None
    duration_ms: int | None
    path: str | None
    """Relative to its library root; None without a file."""
    status: TrackStatus
    reason: str | None
    """Why its status is `failed`, `quarantined` or `missing`."""
    attributes: Mapping[str, float | None] | None
    descriptors: Mapping[str, float | int | None] | None
    model_version: str | None
    ids: Mapping[str, str]
    artists: tuple[NamedArtist, ...] = ()
    """The single artists that its tags credit, guests last."""
    album_artists: tuple[NamedArtist, ...] = ()
    genres: tuple[str, ...] = ()
    composer: str | None = None
    original_year: int | None = None
    disc_total: int | None = None
    track_total: int | None = None
    tag_bpm: float | None = None
    tag_key: str | None = None
    comment: str | None = None
    compilation: bool = False
    release_mbid: str | None = None
    replay_gain: float | None = None
    has_lyrics: bool = False
    rating: float | None = None
    album_artist: str | None = None
    disc_number: int | None = None
    track_number: int | None = None
    album_id: str | None = None
    artist_id: str | None = None
    added_at: datetime | None = None
    tags: tuple[str, ...] = ()
    """Its strongest clear tags, at most `TAGS_SHOWN`."""
    fragment: str | None = None
    """The kind of a track that is no piece of music (`services.domain.fragments`)."""
    has_cover: bool = False
    """Whether it has a picture, in its file or beside it."""
    own_features: Mapping[str, Value] = field(default_factory=dict)
    """Values that an analyst attached to it, by names such as `mine.energy`."""


@dataclass(frozen=True, slots=True)
class Description:
    """The data that labels are made from: `measured` as in `Embedded`, and the strength of each tag, 0 to 1."""

    measured: Mapping[str, float]
    tags: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A ready track as the recommender sees it.

    `vector` has shape (d,), float32, unit length. `measured` maps names of `RANGE_FIELDS` to values; unknown values
    are absent, and it is empty unless requested.
    """

    id: str
    vector: Vector
    title: str
    artist: str | None = None
    album: str | None = None
    duration_ms: int | None = None
    genres: tuple[str, ...] = ()
    """The keys of the genres that its tags name (`services.domain.names`)."""
    measured: Mapping[str, float] = field(default_factory=dict)
    performer: str | None = None
    """The key of the artist credited first, for comparisons; None if unknown."""
    album_id: str | None = None
