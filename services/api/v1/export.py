"""Tables of the library for analysts, as streams. See `services.export`."""

# ruff: noqa: N818  class names are the titles of problems

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from importlib.util import find_spec
from itertools import chain
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from services.api.context import services
from services.api.http.errors import ApiError
from services.api.http.operation import operation
from services.api.http.streams import limit_sending
from services.api.schemas.export import TableQuery
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.catalog.exports import Rows, Selected
from services.domain.access import Scope
from services.domain.errors import InsufficientScope, NotFound
from services.export.tables import FAILURES, TABLES, ExportTable, Pseudonyms
from services.export.text import json_lines

export = Blueprint("export", __name__, url_prefix="/v1")

NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"

Encode = Callable[[ExportTable, Iterator[Rows]], Iterator[bytes]]

_FREE = BoundedSemaphore(1)
"""An export takes a thread and reads the whole catalogue, so a process serves one at a time."""

RESPONSES: dict[int, dict[str, Any]] = {
    200: {
        "description": "The rows of the table",
        "content": {
            NDJSON: {"schema": {"type": "string"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    },
    406: {"description": "The service cannot send the table in an accepted format"},
}


class ExportRunning(ApiError):
    """Another export runs."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Another export runs in this process. Try again when it has ended.")


class TableNotFound(NotFound):
    """There is no such table."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no table '{name}'. The tables are: {', '.join(TABLES)}.")


@export.get("/export/<table>")
@operation("exportTable", "Export a table", query=TableQuery, responses=RESPONSES)
@needs(Scope.READ, Scope.LISTEN, Scope.INGEST, expensive=True)
def get_table(table: str, query: TableQuery) -> Response:
    """Get all rows of a table as they are now.

    The tables are `tracks`, `features`, `embeddings`, `listens`, `verdicts`, `recommendations`, `playlists`,
    `comparisons` and `failures`. With `Accept: application/vnd.apache.arrow.stream`, the response is a stream of Arrow
    record batches; otherwise one JSON object per line. The documentation of tables lists the columns. The response has
    no length: it is complete if the connection ends as HTTP says, and a client must treat a broken one as an error.

    A key that is bound to libraries gets the rows of these libraries. `listens`, `verdicts`,
    `recommendations`, `playlists` and `comparisons` contain the listeners that the key is bound to; those of all
    listeners need the scope `admin`. `failures` need `ingest`.
    """
    found = TABLES.get(table)
    if found is None:
        raise TableNotFound(table)
    selected = Selected(query.since, _listeners(found))
    pseudonyms = Pseudonyms(services().catalogue.installation.signing_secret()) if query.pseudonymise else None
    media_type, encode = _encoding()
    if not _FREE.acquire(blocking=False):
        raise ExportRunning
    with ExitStack() as opened:
        opened.callback(_FREE.release)
        snapshot = opened.enter_context(services().catalogue.exports.snapshot())
        found = found.at(snapshot)
        parts = encode(found, found.rows(snapshot, selected, pseudonyms))
        first = next(parts, b"")  # an error of the catalogue is a problem, not a broken stream
        limit_sending()
        end = opened.pop_all().close
    response = Response(_until_end(chain([first], parts), end), content_type=media_type)
    response.call_on_close(end)  # also if the client goes before the first part
    return response


def _until_end(parts: Iterator[bytes], end: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        end()


def _listeners(table: ExportTable) -> frozenset[str] | None:
    """Return the listeners of a table that the client may read; None is all.

    Raises:
        InsufficientScope: the client may not read the table.
    """
    client = principal()
    needed = (Scope.LISTEN,) if table.listener is not None else (Scope.INGEST,) if table is FAILURES else (Scope.READ,)
    if not client.has_any(needed):
        raise InsufficientScope(needed)
    if table.listener is not None and client.listeners is None and not client.has_any(()):
        raise InsufficientScope((Scope.ADMIN,))
    return client.listeners if table.listener is not None else None


def _encoding() -> tuple[str, Encode]:
    """Return the media type and the encoder that the client prefers.

    Raises:
        NotAcceptable: it accepts none that this installation has.
    """
    offered = [NDJSON, ARROW] if find_spec("pyarrow") is not None else [NDJSON]
    accepted = request.accept_mimetypes
    chosen = accepted.best_match(offered) if accepted else NDJSON
    if chosen is None:
        missing = (
            ""
            if ARROW in offered
            else f" {ARROW} needs pyarrow: run `pip install 'segue[analysis]'` where the service runs."
        )
        raise NotAcceptable(f"Tables are sent as {' or '.join(offered)}.{missing}")
    return chosen, (_arrow if chosen == ARROW else _ndjson)


def _ndjson(table: ExportTable, batches: Iterator[Rows]) -> Iterator[bytes]:
    return (json_lines(table, rows).encode() for rows in batches)


def _arrow(table: ExportTable, batches: Iterator[Rows]) -> Iterator[bytes]:
    from services.export.arrow import stream  # noqa: PLC0415  an optional package

    return stream(table, batches)
