"""Send files of the library: unchanged, whole or one range, with validators."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from flask import Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from services.catalog.tracks import readable


def file_responses(media_types: Iterable[str]) -> dict[int, dict[str, Any]]:
    """Return the responses of an operation that sends files of these types, for the OpenAPI document."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "The file", "content": dict.fromkeys(sorted(set(media_types)), binary)},
        206: {"description": "The requested range of the file"},
        304: {"description": "The client's copy is current"},
        416: {"description": "The range starts after the end of the file"},
    }


def send_opened(opened: BinaryIO, path: str, media_type: str) -> Response:
    """Send an open file as the request wants it; the response closes it."""
    found = os.fstat(opened.fileno())
    response = send_file(
        opened,
        mimetype=media_type,
        download_name="".join(letter if letter.isprintable() else "_" for letter in readable(Path(path).name)),
        etag=f"{found.st_mtime_ns:x}-{found.st_size:x}",
        last_modified=found.st_mtime,
        max_age=0,
        conditional=False,  # Flask does not determine the length of an open file, which ranges require
    )
    response.content_length = found.st_size
    try:
        response.make_conditional(request, accept_ranges=_is_one_range(), complete_length=found.st_size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    response.accept_ranges = "bytes"
    return response


def _is_one_range() -> bool:
    """Whether `Range` names one range of bytes. RFC 9110 allows the whole file as the response to anything else."""
    requested = request.range
    return requested is not None and requested.units == "bytes" and len(requested.ranges) == 1
