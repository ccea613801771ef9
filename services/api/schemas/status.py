"""The status of the service: library, analysis, failures, workers, index and disk."""

from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.api.request_limits import FAILURES_MAX, OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX
from services.api.schemas.tracks import NO_NUL, Request, Response
from services.catalog.index_builds import BuildProgress
from services.domain.failure import WHAT_TO_DO, FailedFile, FailureKind
from services.domain.quiet import Pause as PauseOfAnalysis
from services.domain.quiet import PausedBy
from services.domain.spaces import Space, SpaceRole

FailureId = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=NO_NUL)]
"""Its subject, a colon and a UUID or a number."""


class IndexBuild(Response):
    """The build of a new index, while the old one serves."""

    collection: str = Field(description="`tracks` or `pictures`.")
    phase: str = Field(description="`fill` (points are written), `cells` or `graph` (they are put in order), `swap`.")
    done: int = Field(description="Number of points that this phase has done.")
    total: int = Field(description="Number of points of the index.")
    seconds_left: int | None = Field(description="Estimated time until it is served. Null if it is not known.")
    problem: str | None = Field(description="Why the last build failed or was refused. Null while it runs.")

    @classmethod
    def of(cls, build: BuildProgress) -> Self:
        """Return the response for a build."""
        left = None if build.seconds_left is None else round(build.seconds_left)
        told = {name: getattr(build, name) for name in ("collection", "phase", "done", "total", "problem")}
        return cls(**told, seconds_left=left)


class IndexStatus(Response):
    """The state of the vector index."""

    kind: str = Field(description="`embedded` (inside the API process) or `server`.")
    points: int | None = Field(description="Number of points in it. Null if it does not respond.")
    pending: int = Field(description="Number of tracks whose change is not yet in it.")
    silent_nodes: list[str] = Field(
        default_factory=list,
        description="Host and port of the nodes of a Qdrant cluster that have not responded lately. Only for `admin`.",
    )
    build: IndexBuild | None = Field(
        default=None, description="The build that runs, or the last one if it failed. Null if neither is the case."
    )


class Analysis(Response):
    """The progress of the analysis."""

    paused: bool = Field(description="Whether it is paused: scans list files, searches work, nothing is analysed.")
    paused_at: datetime | None = Field(description="When the pause began.")
    paused_by: PausedBy | None = Field(
        description="Who pauses it: `owner`, until it is resumed, or `quiet_hours` (`SEGUE_QUIET_HOURS`), until their "
        "end or until it is resumed. Null while it runs."
    )
    waiting: int = Field(description="Number of tracks that wait for their analysis.")
    unread: int = Field(description="Number of files that running scans have listed and not read yet.")
    per_minute: float | None = Field(
        description="Tracks per minute, measured over the last five minutes. Null if fewer than two were analysed."
    )
    seconds_left: int | None = Field(
        description="Estimated time for `waiting` and `unread`. 0 if both are 0; null if the speed is unknown or the "
        "analysis is paused."
    )

    @classmethod
    def of(cls, *, waiting: int, unread: int, pause: PauseOfAnalysis | None, per_minute: float | None) -> Self:
        """Return the response with the estimate."""
        known = per_minute if pause is None else None
        left = round((waiting + unread) * 60 / known) if known else None
        return cls(
            paused=pause is not None,
            paused_at=None if pause is None else pause.began_at,
            paused_by=None if pause is None else pause.by,
            waiting=waiting,
            unread=unread,
            per_minute=None if per_minute is None else round(per_minute, 1),
            seconds_left=left if waiting or unread else 0,
        )


class Pause(Request):
    """Whether the analysis is to be paused."""

    paused: bool = Field(description="True pauses the analysis, false resumes it.")


class Folder(Response):
    """A library root: a folder that was scanned, with its subfolders."""

    path: str = Field(description="Absolute path. Keys without `ingest` see the last part only.")
    tracks: int = Field(description="Number of audio files in it that are tracks.")
    pictures: int = Field(description="Number of pictures in it.")
    scanned_at: datetime | None = Field(description="When the last scan of the whole folder ended. Null if none did.")


class WorkerStatus(Response):
    """A worker that is alive."""

    name: str = Field(description="Its node name, `segue@HOST` or `questions@HOST`.")
    queues: list[str] = Field(description="What it does: `scan`, `analyse`, `index`, `questions`.")
    processes: int = Field(description="Number of its processes.")
    ffmpeg: str | None = Field(description="Version of its ffmpeg. Null if it has none.")


class Disk(Response):
    """The disk with the data directory, in bytes."""

    total: int
    free: int
    needed: int = Field(description="Below this many free bytes Segue stops writing.")
    data: int = Field(description="Size of the data directory: catalogue, index, uploads and covers.")


class SpaceStatus(Response):
    """The analyses of the library by one model version."""

    model_version: str = Field(description="Its model version.")
    role: SpaceRole = Field(
        description="`served`: it answers; `filling`: the library is being analysed with it; `previous`: a rollback "
        "serves it again."
    )
    ready: int = Field(description="Number of tracks with an analysis in it.")
    waiting: int = Field(description="Number of tracks that wait for one.")
    failed: int = Field(description="Number of tracks that have none and get none.")
    is_indexed: bool = Field(description="Whether its indexes are built.")
    seconds_left: int | None = Field(description="Estimated time until no track waits. Null if it is not known.")

    @classmethod
    def of(cls, space: Space) -> Self:
        """Return the response for a space."""
        left = None if space.seconds_left is None else round(space.seconds_left)
        told = {name: getattr(space, name) for name in cls.model_fields if name != "seconds_left"}
        return cls(**told, seconds_left=left)


class Status(Response):
    """The state of the service."""

    version: str = Field(description="Version of Segue.")
    url: str = Field(description="URL for clients on the same machine.")
    data_dir: str | None = Field(description="The data directory. Null for keys without `admin`.")
    model_version: str | None = Field(description="Version of the encoder. Null before the first analysis.")
    spaces: list[SpaceStatus] = Field(
        description="The model versions that the library is analysed with, the one that answers first. Empty if there "
        "is one only."
    )
    tracks: dict[str, int] = Field(description="Number of tracks by status.")
    pictures: dict[str, int] = Field(description="Number of pictures by status.")
    failures: int = Field(description="Number of files that cannot be used; `GET /v1/failures` lists all.")
    left_out: int = Field(description="How many of `failures` Segue leaves out, such as silent files: no fault.")
    analysis: Analysis
    index: IndexStatus
    workers: list[WorkerStatus] | None = Field(
        description="The workers that are alive. Null if the broker does not respond."
    )
    question_processes: int | None = Field(
        description="Number of processes that answer questions about clips and pictures. Null if the broker does not "
        "respond."
    )
    ffmpeg: str | None = Field(
        description="Version of the ffmpeg that decodes formats such as M4A, where the workers run. Null if they have "
        "none: tracks in these formats then wait for it."
    )
    watched: bool | None = Field(
        description="Whether a watcher of the library folders is alive. Null if the broker does not respond."
    )
    folders: list[Folder] = Field(description="The library roots.")
    disk: Disk | None = Field(description="Null if the disk cannot be read, and for keys that are bound to libraries.")


class FileFailure(Response):
    """A file that cannot be used: why, and what to do about it."""

    id: str = Field(description="Names the failure in `POST /v1/failures/retry`.")
    path: str = Field(description="Absolute path. Of an upload, keys without `admin` see the name only.")
    copies: list[str] = Field(description="Paths of further files with the same audio.")
    kind: FailureKind = Field(description="The kind of failure, for programs.")
    reason: str = Field(description="What is wrong with this file.")
    what_to_do: str = Field(description="What its owner can do about failures of this kind.")
    at: datetime | None = Field(description="When it last failed. Null if that was before Segue recorded it.")
    attempts: int = Field(description="How often it was tried.")
    quarantined: bool = Field(description="Whether its analysis crashed repeatedly, so that only a retry repeats it.")
    track_id: str | None = Field(description="Its track. Null if it is a picture or neither.")

    @classmethod
    def of(cls, found: FailedFile, *, hidden: str | None) -> Self:
        """Return the response for a failure; of paths in the folder `hidden` only the name is shown."""
        fields = {name: getattr(found, name) for name in cls.model_fields if name != "what_to_do"}
        told = {"path": _told(found.path, hidden), "copies": [_told(path, hidden) for path in found.copies]}
        return cls.model_validate(fields | told | {"what_to_do": WHAT_TO_DO[found.kind]})


def _told(path: str, hidden: str | None) -> str:
    return PurePath(path).name if hidden is not None and PurePath(path).is_relative_to(hidden) else path


class FailurePage(Response):
    """A page of failures, in the order of their paths."""

    failures: list[FileFailure]
    total: int = Field(description="Number of all failures. Files with the same audio are one.")
    files: int = Field(description="Number of all files that cannot be used, as in the status.")


class FailurePageQuery(Request):
    """The failures to list."""

    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of failures to skip.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of failures on a page.")


class RetryRequest(Request):
    """The failures to retry: some, or all."""

    ids: list[FailureId] | None = Field(
        default=None, min_length=1, max_length=FAILURES_MAX, description="Ids of failures; unknown ids are ignored."
    )
    all: bool = Field(default=False, description="Retry all failures.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.all == (self.ids is not None):
            raise ValueError("Give either `ids` or `all`.")
        return self


class Retried(Response):
    """The failures that are tried again."""

    retried: int = Field(description="Number of files that workers try again now.")
