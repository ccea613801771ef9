"""Pictures: scans, the list, searches by a track or by words, and the files."""

from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, url_for

from models.containers.pictures import HEAD_BYTES
from services.api.context import resolve_track, services
from services.api.http.files import file_responses, send_opened
from services.api.http.operation import operation
from services.api.libraries import scan_roots
from services.api.schemas.jobs import Job, ScanRequest
from services.api.schemas.pictures import (
    Picture,
    PicturePage,
    PicturePageQuery,
    PictureResults,
    PictureSearchQuery,
    ScoredPicture,
    TrackPictures,
    TrackPicturesQuery,
)
from services.api.schemas.words import Understood
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import NotFound, UnsupportedPicture
from services.domain.job import JobKind
from services.ingest.formats import picture_format
from services.ingest.roots import open_inside, readable_roots
from services.ingest.scan import request_scan

pictures = Blueprint("pictures", __name__, url_prefix="/v1")

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WebP": "image/webp", "GIF": "image/gif"}
"""Media types by the name of the format, which is told by content."""


class PictureFileNotFound(NotFound):
    """The file of the picture cannot be read."""

    def __init__(self, picture_id: str) -> None:
        super().__init__(f"The file of picture '{picture_id}' cannot be read. If you moved it, scan its new folder.")


@pictures.post("/pictures/scans")
@operation(
    "scanPictures",
    "Scan a folder for pictures",
    body=ScanRequest,
    returns=Job,
    status=HTTPStatus.ACCEPTED,
    meaning="The job is queued. `Location` is its path.",
    headers={"Location": "The path of the job."},
)
@needs(Scope.INGEST, expensive=True)
def scan_pictures(body: ScanRequest) -> tuple[Job, dict[str, str]]:
    """Scan a folder for pictures: JPEG, PNG, WebP and GIF.

    New pictures become points of the vibe space of the tracks. Pictures whose files are gone leave it. `path` may be a
    file with the suffix of a picture.
    """
    current = services()
    job_id = request_scan(current.catalogue, current.queue, body.path, scan_roots(body.path), JobKind.PICTURES)
    job = Job.of(current.catalogue.jobs.get(job_id), to_admin=principal().has_any(()))
    return job, {"Location": url_for("jobs.get_job", job_id=job_id)}


@pictures.get("/pictures")
@operation("listPictures", "List the pictures", query=PicturePageQuery, returns=PicturePage)
@needs(Scope.READ)
def list_pictures(query: PicturePageQuery) -> PicturePage:
    """List the pictures, also those that cannot be read, with the reason.

    Pass `next_cursor` as `cursor` to get the next page.
    """
    page = services().catalogue.pictures.page(status=query.status, cursor=query.cursor, limit=query.limit)
    return PicturePage(pictures=[Picture.of(found) for found in page.pictures], next_cursor=page.next_cursor)


@pictures.get("/pictures/search")
@operation("searchPictures", "Find pictures that go with words", query=PictureSearchQuery, returns=PictureResults)
@needs(Scope.READ, expensive=True)
def search_pictures(query: PictureSearchQuery) -> PictureResults:
    """Find the pictures that go with a text, a mood preset or both.

    A text describes music, as in `GET /v1/search`. Facts in it, such as a tempo, do not apply to pictures and are
    ignored. If nothing is understood, `pictures` is empty.
    """
    found = services().pictures.for_words(query.text, query.mood, query.limit)
    return PictureResults(
        understood=next((Understood.of(read) for read in found.read), None),
        pictures=[ScoredPicture.of(match.picture, score=match.score) for match in found.pictures],
    )


@pictures.get("/pictures/<picture_id>")
@operation("getPicture", "Get a picture", returns=Picture)
@needs(Scope.READ)
def get_picture(picture_id: str) -> Picture:
    """Get what a picture shows and how it looks."""
    return Picture.of(services().catalogue.pictures.get(picture_id))


@pictures.get("/pictures/<picture_id>/file")
@operation("getPictureFile", "Get the file of a picture", responses=file_responses(MEDIA_TYPES.values()))
@needs(Scope.READ, media=True)
def get_picture_file(picture_id: str) -> Response:
    """Get the file of a picture, unchanged. The request may name one range and may be conditional."""
    file = services().catalogue.pictures.file(picture_id)
    try:
        opened, real = open_inside(file.path, file.root, readable_roots(services().settings))
    except OSError as error:
        raise PictureFileNotFound(picture_id) from error
    try:
        media_type = MEDIA_TYPES[picture_format(opened.read(HEAD_BYTES))]
    except UnsupportedPicture as error:  # another file has replaced it since the scan
        opened.close()
        raise PictureFileNotFound(picture_id) from error
    opened.seek(0)
    return send_opened(opened, Path(real).name, media_type)


@pictures.get("/tracks/<path:track_id>/pictures")
@operation("getTrackPictures", "Get pictures that go with a track", query=TrackPicturesQuery, returns=TrackPictures)
@needs(Scope.READ, expensive=True)
def get_track_pictures(track_id: str, query: TrackPicturesQuery) -> TrackPictures:
    """Get the pictures that go with a track, which must be `ready`."""
    found = services().pictures.for_track(resolve_track(track_id), query.limit)
    return TrackPictures(pictures=[ScoredPicture.of(match.picture, score=match.score) for match in found])
