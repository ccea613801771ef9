"""All data of a listener as one file, and the part of it that is not a listen back into the catalogue."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import ANNOTATIONS_MAX, LISTENS_MAX_BYTES
from services.api.schemas.exports import (
    AnnotationIn,
    Annotations,
    Corrections,
    ExportHead,
    listen_line,
    start_line,
)
from services.api.schemas.listens import listener_named
from services.api.security.permissions import needs
from services.catalog import Catalogue
from services.catalog.track_names import canonical_id
from services.domain.access import Scope
from services.domain.listening import ItemKind

own_data = Blueprint("own_data", __name__, url_prefix="/v1/users/<user>")


def _allow_batches() -> None:
    request.max_content_length = LISTENS_MAX_BYTES


own_data.before_request(_allow_batches)

EXPORT_PAGE = 500
"""Listens that are read at once for an export, so that its size does not matter."""

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
    name, catalogue = listener_named(user), services().catalogue
    known = catalogue.tracks.resolve(body.removed)
    removed = [known.get(track) or canonical_id(track) for track in body.removed]
    catalogue.tastes.remove_tracks(name, {track_id for track_id in removed if track_id is not None})
    if body.dismissed:
        catalogue.tastes.show(name, [taste.to_domain() for taste in body.dismissed])


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
    name, catalogue = listener_named(user), services().catalogue
    known = catalogue.tracks.resolve([each.id for each in body.annotations if each.kind == ItemKind.SONG])
    items = [
        (each, each.id if each.kind != ItemKind.SONG else known.get(each.id) or canonical_id(each.id))
        for each in body.annotations
    ]
    catalogue.annotations.restore(name, [each.to_domain(item) for each, item in items if item is not None])
