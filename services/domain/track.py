"""A track, what its tags say and what its analysis found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

EMBEDDING_DIM = 128

Vector = NDArray[np.float32]


class TrackStatus(StrEnum):
    """Where a track stands on its way into the library."""

    PENDING = "pending"
    """Known by its identity, waiting for analysis."""
    READY = "ready"
    """Analysed: can be recommended."""
    FAILED = "failed"
    """Analysis refused it; `reason` says why."""
    QUARANTINED = "quarantined"
    """Analysis died on it again and again; it is left alone until someone retries it."""
    MISSING = "missing"
    """None of its files is there any more; its analysis is kept in case one comes back."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What the file's own tags say."""

    title: str
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    genre: str | None = None
    duration_ms: int | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    """External ids by namespace, such as `isrc` or `mbid`."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the worker found by listening, as the catalogue keeps it.

    `embedding` has shape (128,), float32, unit length.
    """

    embedding: Vector
    dispersion: float
    attributes: Mapping[str, float | None]
    descriptors: Mapping[str, float | int | None]
    tags: Mapping[str, float]
    model_version: str


@dataclass(frozen=True, slots=True)
class Track:
    """One recording of the library. Its id is derived from the audio itself."""

    id: str
    title: str
    artist: str | None
    album: str | None
    year: int | None
    genre: str | None
    duration_ms: int | None
    path: str | None
    """Relative to its library root; None when no file holds it."""
    status: TrackStatus
    reason: str | None
    """Why it failed or is quarantined."""
    attributes: Mapping[str, float | None] | None
    descriptors: Mapping[str, float | int | None] | None
    model_version: str | None
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Description:
    """What words can be made of: `measured` as in `Embedded`, and how strongly the encoder heard which tag."""

    measured: Mapping[str, float]
    tags: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A ready track as the recommender sees it.

    `vector` has shape (128,), float32, unit length; `measured` holds attributes, descriptors, year and length by
    the names of `RANGE_FIELDS`, absent where nothing is known, and is empty where nobody asked for it.
    """

    id: str
    vector: Vector
    title: str
    artist: str | None = None
    album: str | None = None
    duration_ms: int | None = None
    genre: str | None = None
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def performer(self) -> str | None:
        """Whose track it is, to compare: the artist without regard to case; None where nobody is named."""
        return self.artist.casefold() if self.artist else None
