"""Pictures of the owner's folders, as points of the vibe space."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.track import Vector


class PictureStatus(StrEnum):
    """The status of a picture."""

    PENDING = "pending"
    """Found, but not read yet."""
    READY = "ready"
    """Read: searches can find it."""
    FAILED = "failed"
    """It cannot be read; `reason` is the cause."""
    MISSING = "missing"
    """Its file is gone; the reading is kept in case the file comes back."""


@dataclass(frozen=True, slots=True)
class PictureReading:
    """What a picture shows, how it looks, and the point of music that fits it.

    `embedding` has shape (128,), float32, unit length; `valence` and `energy` are 0 to 1.
    """

    embedding: Vector
    shows: tuple[str, ...]
    looks: str
    valence: float
    energy: float
    model_version: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a folder. Its id is derived from the file's content."""

    id: str
    path: str
    """Relative to the folder that was scanned."""
    status: PictureStatus
    reason: str | None
    """Why its status is `failed`."""
    shows: tuple[str, ...]
    looks: str | None
    valence: float | None
    energy: float | None
