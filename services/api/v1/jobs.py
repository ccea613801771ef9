"""Background jobs: scans and uploads, and their progress."""

from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, request, url_for
from pydantic import Field

from services.api.context import services
from services.api.http.operation import UploadedFile, operation
from services.api.libraries import scan_roots, upload_library
from services.api.request_limits import MULTIPART_OVERHEAD_BYTES
from services.api.schemas.jobs import (
    Failure,
    Job,
    JobFailurePage,
    JobFailureQuery,
    JobPage,
    JobPageQuery,
    ScanRequest,
)
from services.api.schemas.keys import LibraryName
from services.api.schemas.tracks import Request
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.job import JobKind
from services.ingest.scan import request_scan
from services.ingest.upload import Upload, store_upload

jobs = Blueprint("jobs", __name__, url_prefix="/v1")

ACCEPTED = "The job is queued. `Location` is its path."
LOCATION = {"Location": "The path of the job."}


class UploadForm(Request):
    """A form with one audio file."""

    file: UploadedFile = Field(description="The audio file: MP3, FLAC, Ogg Vorbis, Opus or WAV.")
    library: LibraryName | None = Field(
        default=None,
        description="The named library that it belongs to. Default: that of the key; a key that is bound to several "
        "must name one.",
    )


def _allow_uploads() -> None:
    if request.endpoint == "jobs.upload_track":
        request.max_content_length = services().settings.upload_max_bytes + MULTIPART_OVERHEAD_BYTES


jobs.before_request(_allow_uploads)


@jobs.post("/scans")
@operation(
    "scan",
    "Scan a folder",
    body=ScanRequest,
    returns=Job,
    status=HTTPStatus.ACCEPTED,
    meaning=ACCEPTED,
    headers=LOCATION,
)
@needs(Scope.INGEST, expensive=True)
def scan(body: ScanRequest) -> tuple[Job, dict[str, str]]:
    """Scan a folder or a single file. New and changed files are analysed; files that are gone leave the library."""
    return _accepted(request_scan(services().catalogue, services().queue, body.path, scan_roots(body.path)))


@jobs.post("/tracks")
@operation(
    "uploadTrack",
    "Upload a track",
    upload=UploadForm,
    returns=Job,
    status=HTTPStatus.ACCEPTED,
    meaning=ACCEPTED,
    headers=LOCATION,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.INGEST, expensive=True)
def upload_track(upload: UploadForm) -> tuple[Job, dict[str, str]]:
    """Add an audio file to the library.

    `tracks` of the returned job contains the track id. The analysis runs in the background.
    """
    job_id = store_upload(
        services().catalogue,
        services().queue,
        Upload(cast("BinaryIO", upload.file.stream), upload.file.filename or ""),
        folder=services().settings.uploads_path,
        library=upload_library(upload.library),
        max_bytes=services().settings.upload_max_bytes,
    )
    return _accepted(job_id)


@jobs.get("/jobs")
@operation("listJobs", "List the jobs", query=JobPageQuery, returns=JobPage)
@needs(Scope.INGEST)
def list_jobs(query: JobPageQuery) -> JobPage:
    """List scans and uploads with their progress, newest first."""
    found, total = services().catalogue.jobs.page(offset=query.offset, limit=query.limit)
    return JobPage(jobs=[Job.of(job, to_admin=principal().has_any(())) for job in found], total=total)


@jobs.get("/jobs/<job_id>")
@operation("getJob", "Get the progress of a job", returns=Job)
@needs(Scope.INGEST)
def get_job(job_id: str) -> Job:
    """Get the counts and failures of a scan or an upload."""
    return _job(job_id)


@jobs.get("/jobs/<job_id>/failures")
@operation("listJobFailures", "List the failures of a job", query=JobFailureQuery, returns=JobFailurePage)
@needs(Scope.INGEST)
def list_job_failures(job_id: str, query: JobFailureQuery) -> JobFailurePage:
    """List every file that failed in a scan or an upload, with the reason and what to do about it."""
    is_told = principal().has_any(()) or _job(job_id).kind != JobKind.UPLOAD
    found, total = services().catalogue.jobs.failures(job_id, offset=query.offset, limit=query.limit)
    return JobFailurePage(failures=[Failure.of(each, told=is_told) for each in found], total=total)


def _accepted(job_id: str) -> tuple[Job, dict[str, str]]:
    location = url_for("jobs.get_job", job_id=job_id)
    return _job(job_id), {"Location": location}


def _job(job_id: str) -> Job:
    return Job.of(services().catalogue.jobs.get(job_id), to_admin=principal().has_any(()))
