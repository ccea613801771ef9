"""A job: background work that was asked for, and how far it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class JobKind(StrEnum):
    """What a job does."""

    SCAN = "scan"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that gave no track, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A scan or an upload. `done` and `failed` count files; `total` is known once the folder is listed."""

    id: str
    kind: JobKind
    state: JobState
    path: str
    total: int
    done: int
    failed: int
    failures: tuple[Failure, ...]
    """The first of them; `failed` has the full count."""
    reason: str | None
    """Why the job as a whole failed."""
    tracks: tuple[str, ...]
    """The tracks it brought in or changed, the first of them."""
    created_at: datetime
    finished_at: datetime | None
