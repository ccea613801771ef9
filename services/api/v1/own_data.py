"""All data of a listener as one file, and files of listens into the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import IO, Any

from flask import Blueprint, Response, request, stream_with_context
from pydantic import Field

from services.api.context import services
from services.api.http.operation import UploadedFile, operation
from services.api.request_limits import (
    ANNOTATIONS_MAX,
    IMPORT_MAX_BYTES,
    IMPORT_UNPACKED_MAX,
    LISTENS_MAX_BYTES,
    MULTIPART_OVERHEAD_BYTES,
)
from services.api.schemas.exports import (
    AnnotationIn,
    Annotations,
    Corrections,
    ExportHead,
    listen_line,
    start_line,
)
from services.api.schemas.imports import ListensImported, UnmatchedQuery, UnmatchedRecordings
from services.api.schemas.listens import ListenIn, listener_named
from services.api.schemas.moods import StartRequest
from services.api.schemas.tracks import Request
from services.api.security.permissions import needs
from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.track_names import canonical_id
from services.domain.access import Scope
from services.domain.annotations import ItemKind
from services.domain.errors import InvalidRequest
from services.imports.importing import Counts, import_listens
from services.imports.sources import sources_in

own_data = Blueprint("own_data", __name__, url_prefix="/v1/users/<user>")


def _allow_batches() -> None:
    is_file = request.endpoint == "own_data.import_file"
    request.max_content_length = IMPORT_MAX_BYTES + MULTIPART_OVERHEAD_BYTES if is_file else LISTENS_MAX_BYTES


own_data.before_request(_allow_batches)

EXPORT_PAGE = 500
"""Listens that are read at once for an export, so that its size does not matter."""


class ListensFile(Request):
    """A form with listens in a file."""

    file: UploadedFile = Field(
        description="An export of ListenBrainz (ZIP or JSON lines), of Spotify (ZIP or JSON), of Last.fm (CSV) or of "
        "Segue (JSON lines)."
    )
    skip_invalid: bool = Field(
        default=False, description="Leave out entries that cannot be read, instead of refusing the file."
    )


MEDIA_TYPE = "application/jsonl"
EXPORT: dict[int, dict[str, Any]] = {
    200: {"description": "JSON lines", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


@own_data.get("/export")
@operation("exportUser", "Export a listener", responses=EXPORT)
@needs(Scope.LISTEN, listener="user")
def export(user: str) -> Response:
    """Get everything that is stored of a listener as JSON lines, which `segue import-listens` reads.

    The first line has the start, the removed tracks, the dismissed tastes, and the stars and ratings, if there are any.
    Each other line is a listen, newest first, in the form in which `addListens` takes it.
    """
    name = listener_named(user)
    lines = stream_with_context(_lines(services().catalogue, name))
    return Response(lines, mimetype=MEDIA_TYPE, headers={"Content-Disposition": "attachment; filename=listener.jsonl"})


def _lines(catalogue: Catalogue, listener: str) -> Iterator[str]:
    corrections = Corrections.of(catalogue.tastes.removed_tracks(listener), catalogue.tastes.dismissed(listener))
    annotations = [AnnotationIn.of(each) for each in catalogue.annotations.stored(listener, limit=ANNOTATIONS_MAX)]
    start = start_line(catalogue.listens.start(listener))
    head = ExportHead(**dict(corrections), annotations=annotations, start=start)
    if head != ExportHead():
        yield head.model_dump_json(exclude_defaults=True) + "\n"
    cursor: str | None = None
    while True:
        page = catalogue.listens.page(listener, cursor=cursor, limit=EXPORT_PAGE)
        yield from (listen_line(each).model_dump_json(exclude_defaults=True) + "\n" for each in page.listens)
        cursor = page.next_cursor
        if cursor is None:
            return


@own_data.post("/corrections")
@operation(
    "addCorrections",
    "Add corrections of the tastes",
    body=Corrections,
    status=HTTPStatus.NO_CONTENT,
    meaning="The tracks are removed and the tastes are dismissed.",
)
@needs(Scope.LISTEN, listener="user")
def add_corrections(user: str, body: Corrections) -> None:
    """Remove tracks and dismiss tastes that an export lists. Corrections that exist already do not change.

    A removed track need not be in the library if you name it by its Segue id.
    """
    _correct(services().catalogue, listener_named(user), body)


@own_data.post("/annotations")
@operation(
    "addAnnotations",
    "Add stars and ratings",
    body=Annotations,
    status=HTTPStatus.NO_CONTENT,
    meaning="The stars and ratings are stored.",
)
@needs(Scope.LISTEN, listener="user")
def add_annotations(user: str, body: Annotations) -> None:
    """Store the stars and ratings that an export lists; they replace those of the same items.

    They are no verdicts: the likes and dislikes of an export are listens. A track need not be in the library if you
    name it by its Segue id.
    """
    _annotate(services().catalogue, listener_named(user), body)


@own_data.post("/listens/import")
@operation("importListens", "Import listens from a file", upload=ListensFile, returns=ListensImported)
@needs(Scope.LISTEN, listener="user", expensive=True, repeatable=False, records_listens=True)
def import_file(user: str, upload: ListensFile) -> ListensImported:
    """Import the listens of an export of ListenBrainz, Spotify, Last.fm or Segue.

    The whole file is checked first: if an entry cannot be read, nothing is imported, and the error names the file and
    the line or entry. Listens that are stored already do not change, so the same file can be imported again. Listens
    of tracks that are not in the library are stored and wait for them; `listUnmatchedListens` lists them.
    """
    listener, catalogue, file = listener_named(user), services().catalogue, upload.file
    received = now()

    def store(batch: list[ListenIn]) -> Counts:
        recorded = catalogue.listens.add(listener, [each.to_domain(received) for each in batch])
        new = sum(each.is_new for each in recorded)
        return Counts(new, len(recorded) - new, sum(each.track_id is None for each in recorded))

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        file.stream.seek(0)
        yield file.stream

    sources = sources_in(file.stream, file.filename or "file", opened, max_unpacked=IMPORT_UNPACKED_MAX)
    imported = import_listens(sources, store, skip_invalid=upload.skip_invalid)
    if imported.head is not None:
        _correct(catalogue, listener, imported.head)
        _annotate(catalogue, listener, imported.head)
        _begin(catalogue, listener, imported.head.start)
    return ListensImported.of(imported)


@own_data.get("/listens/unmatched")
@operation("listUnmatchedListens", "List what is not in the library", query=UnmatchedQuery, returns=UnmatchedRecordings)
@needs(Scope.LISTEN, listener="user")
def list_unmatched(user: str, query: UnmatchedQuery) -> UnmatchedRecordings:
    """List the recordings that a listener heard and the library does not have, most often heard first."""
    store = services().catalogue.play_counts
    return UnmatchedRecordings.of(store.unmatched(listener_named(user), limit=query.limit, offset=query.offset))


def _correct(catalogue: Catalogue, listener: str, told: Corrections) -> None:
    known = catalogue.tracks.resolve(told.removed)
    removed = [known.get(track) or canonical_id(track) for track in told.removed]
    catalogue.tastes.remove_tracks(listener, {track_id for track_id in removed if track_id is not None})
    if told.dismissed:
        catalogue.tastes.show(listener, [taste.to_domain() for taste in told.dismissed])


def _annotate(catalogue: Catalogue, listener: str, told: Annotations) -> None:
    known = catalogue.tracks.resolve([each.id for each in told.annotations if each.kind == ItemKind.SONG])
    items = [
        (each, each.id if each.kind != ItemKind.SONG else known.get(each.id) or canonical_id(each.id))
        for each in told.annotations
    ]
    catalogue.annotations.restore(listener, [each.to_domain(item) for each, item in items if item is not None])


def _begin(catalogue: Catalogue, listener: str, told: StartRequest | None) -> None:
    if told is not None:
        with suppress(InvalidRequest):  # the library has none of these tracks
            start, _ = services().starter.start(told.moods, told.artists, told.tracks, told.at)
            catalogue.listens.begin(listener, start)
