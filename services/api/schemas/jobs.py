"""Requests and responses about scans, uploads and their failures."""

from datetime import datetime
from pathlib import PurePath
from typing import Self

from pydantic import Field

from services.api.request_limits import JOBS_DEFAULT, OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX, PATH_MAX
from services.api.schemas.tracks import NO_NUL, Request, Response
from services.domain import job as domain
from services.domain.failure import WHAT_TO_DO, FailureKind
from services.domain.job import JobKind, JobState


class ScanRequest(Request):
    """A folder or a file to scan."""

    path: str = Field(
        min_length=1,
        max_length=PATH_MAX,
        pattern=NO_NUL,
        description="Absolute path on the machine where Segue runs.",
    )


class Failure(Response):
    """A file that cannot be read, and the reason."""

    path: str = Field(description="Absolute path. For uploads, keys without `admin` get the file name only.")
    reason: str
    kind: FailureKind = Field(description="The kind of failure, for programs.")
    what_to_do: str = Field(description="What its owner can do about failures of this kind.")

    @classmethod
    def of(cls, failure: domain.Failure, *, told: bool) -> Self:
        """Return the response for a failure; `told` is whether the whole path is shown."""
        path = failure.path if told else PurePath(failure.path).name
        return cls(path=path, reason=failure.reason, kind=failure.kind, what_to_do=WHAT_TO_DO[failure.kind])


class Job(Response):
    """A scan or an upload, and its progress. At the end `done` + `failed` equals `total`."""

    id: str
    kind: JobKind
    state: JobState
    path: str | None = Field(
        description="The scanned path, or where the upload is stored, which is null for keys without `admin`."
    )
    total: int = Field(description="Number of files. 0 until the folder is listed.")
    done: int = Field(description="Number of files whose track is analysed, or of pictures that are read.")
    failed: int = Field(description="Number of files that cannot be used.")
    left_out: int = Field(description="How many of `failed` Segue leaves out, such as silent files: no fault.")
    failures: list[Failure] = Field(description="The first 200 failures. `GET /v1/jobs/{job_id}/failures` lists all.")
    reason: str | None = Field(description="Why the whole job failed.")
    tracks: list[str] = Field(description="Ids of the first new or changed tracks.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, found: domain.Job, *, to_admin: bool) -> Self:
        """Return the response for a job. Paths of uploads are shown to admins only."""
        told = to_admin or found.kind != JobKind.UPLOAD
        failures = [Failure.of(failure, told=told) for failure in found.failures]
        fields = {name: getattr(found, name) for name in cls.model_fields}
        path = found.path if told else None
        return cls.model_validate(fields | {"path": path, "failures": failures, "tracks": list(found.tracks)})


class JobProgress(Response):
    """The progress of a job, without its lists; the event `job`."""

    id: str
    kind: JobKind
    state: JobState
    path: str | None
    total: int
    done: int
    failed: int
    left_out: int

    @classmethod
    def of(cls, job: Job) -> Self:
        """Return the progress of a job."""
        return cls.model_validate(job.model_dump(include=set(cls.model_fields)))


class JobPage(Response):
    """A page of jobs, newest first."""

    jobs: list[Job]
    total: int = Field(description="Number of all jobs.")


class JobFailurePage(Response):
    """A page of the failures of a job, in the order in which they were found."""

    failures: list[Failure]
    total: int = Field(description="Number of all failures of the job.")


class JobFailureQuery(Request):
    """The failures to list."""

    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of failures to skip.")
    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of failures on a page.")


class JobPageQuery(Request):
    """The jobs to list."""

    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of jobs to skip.")
    limit: int = Field(default=JOBS_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of jobs on a page.")
