"""Work in the background: scans, uploads, and how far they are."""

from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from apiflask.fields import UploadFile
from flask import request, url_for
from pydantic import Field

from services.api.context import services
from services.api.request_limits import MULTIPART_OVERHEAD_BYTES
from services.api.schemas.tracks import Job, Request, ScanRequest
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import JobNotFound
from services.ingest.roots import scannable_roots
from services.ingest.scan import request_scan
from services.ingest.upload import Upload, store_upload

jobs = APIBlueprint("jobs", __name__, url_prefix="/v1", tag="Jobs")

ACCEPTED = "Accepted; `Location` is the job to ask about"
LOCATION: dict[int | str, dict[str, Any]] = {
    202: {
        "headers": {"Location": {"description": "The job's path.", "schema": {"type": "string"}, "required": True}},
    },
}


class UploadForm(Request):
    """A form with one audio file."""

    file: UploadFile = Field(description="The audio file: MP3, FLAC, Ogg Vorbis, Opus or WAV.")


def _allow_uploads() -> None:
    if request.endpoint == "jobs.upload_track":
        request.max_content_length = services().settings.upload_max_bytes + MULTIPART_OVERHEAD_BYTES


jobs.before_request(_allow_uploads)


@jobs.post("/scans")
@jobs.input(ScanRequest, location="json")
@jobs.output(Job, status_code=202, description=ACCEPTED)
@jobs.doc(operation_id="scan", summary="Take a folder into the library", responses=LOCATION)
@needs(Scope.INGEST, expensive=True)
def scan(json_data: ScanRequest) -> tuple[Job, int, dict[str, str]]:
    """Scan a folder: new and changed files are analysed, files that are gone are forgotten."""
    roots = scannable_roots(services().settings)
    return _accepted(request_scan(services().catalogue, services().queue, json_data.path, roots))


@jobs.post("/tracks")
@jobs.input(UploadForm, location="files")
@jobs.output(Job, status_code=202, description=ACCEPTED)
@jobs.doc(operation_id="uploadTrack", summary="Upload a track", responses=LOCATION)
@needs(Scope.INGEST, expensive=True)
def upload_track(files_data: Any) -> tuple[Job, int, dict[str, str]]:  # noqa: ANN401  APIFlask names it after the location
    """Take an audio file into the library; the job's `tracks` has its id at once, its analysis follows."""
    job_id = store_upload(
        services().catalogue,
        services().queue,
        Upload(files_data.file.stream, files_data.file.filename or ""),
        folder=services().settings.uploads_path,
        max_bytes=services().settings.upload_max_bytes,
    )
    return _accepted(job_id)


@jobs.get("/jobs/<job_id>")
@jobs.output(Job)
@jobs.doc(operation_id="getJob", summary="How far a job is")
@needs(Scope.INGEST)
def get_job(job_id: str) -> Job:
    """A scan or an upload with its counts and its failures."""
    if "\0" in job_id:  # PostgreSQL refuses it in any text
        raise JobNotFound(job_id)
    return _told(job_id)


def _accepted(job_id: str) -> tuple[Job, int, dict[str, str]]:
    location = url_for("jobs.get_job", job_id=job_id)
    return _told(job_id), HTTPStatus.ACCEPTED.value, {"Location": location}


def _told(job_id: str) -> Job:
    return Job.of(services().catalogue.jobs.get(job_id), to_admin=principal().has_any(()))
