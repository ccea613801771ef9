"""Jobs: background work that a client requested, and its progress."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.failure import FailureKind


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    """The kind of a job."""

    SCAN = "scan"
    PICTURES = "pictures"
    UPLOAD = "upload"
    WATCH = "watch"
    """Files that changed in a watched folder."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and the reason."""

    path: str
    reason: str
    kind: FailureKind


@dataclass(frozen=True, slots=True)
class Job:
    """A scan or an upload. `total`, `done` and `failed` count files; `total` is 0 until they are listed."""

    id: str
    kind: JobKind
    state: JobState
    path: str
    total: int
    done: int
    failed: int
    failures: tuple[Failure, ...]
    """The first failures; `failed` is their number."""
    left_out: int
    """How many of `failed` are files that Segue leaves out, which is no fault."""
    reason: str | None
    """Why the job failed as a whole."""
    tracks: tuple[str, ...]
    """The first tracks that it added or changed."""
    created_at: datetime
    finished_at: datetime | None
