"""Send covers: pictures, or drawings."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus

import numpy as np
import resvg_py
from flask import Response, request

from services.api.context import services
from services.catalog.covers import Face
from services.covers.drawing import draw
from services.covers.files import MEDIA_TYPE, CoverFiles
from services.domain.errors import NotFound

SVG, PNG = "image/svg+xml", "image/png"
KEPT = "private, max-age=3600, stale-while-revalidate=604800"
"""For a week browsers show their copy at once; after an hour they ask whether it is current."""
UNSETTLED = "private, max-age=20"
"""A drawing may soon be replaced by a picture, or by a drawing that knows the music."""


class CoverNotFound(NotFound):
    """Nothing in the library with this id has a cover."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Nothing in the library with the id '{name}' has a cover.")


def send_cover(faces: Sequence[Face], name: str, size: int, *, as_png: bool = False) -> Response:
    """Send the most frequent picture of some tracks, or a drawing of their mean: SVG, or PNG for players.

    Args:
        faces: What the cover is made from.
        name: The id of what it is the cover of.
        size: Pixels of the longer side; one of `CoverSize`.
        as_png: Whether a drawing is sent as PNG, because few players show SVG.

    Raises:
        CoverNotFound: there is no track.
    """
    if not faces:
        raise CoverNotFound(name)
    pictures = [face.cover for face in faces if face.cover is not None]
    if pictures:
        cover = max(dict.fromkeys(pictures), key=pictures.count)
        content = _content(cover, size)
        if content is not None:
            return _cached(content, MEDIA_TYPE, f"{cover}-{size}", KEPT)
    drawing = _drawn(faces, name)
    is_settled = all(face.is_settled and face.vector is not None for face in faces)
    tag, caching = hashlib.sha256(drawing).hexdigest()[:32], KEPT if is_settled else UNSETTLED
    if as_png:
        return _cached(_rendered(drawing, size), PNG, f"{tag}-{size}", caching)
    return _cached(drawing, SVG, tag, caching)


def _rendered(drawing: bytes, size: int) -> bytes:
    rendered: bytes = resvg_py.svg_to_bytes(
        svg_string=drawing.decode(), width=size, height=size, skip_system_fonts=True
    )
    return rendered


def _content(cover: str, size: int) -> bytes | None:
    try:
        return CoverFiles(services().settings.covers_path).path(cover, size).read_bytes()
    except OSError:  # someone deleted it: workers make it again
        services().catalogue.covers.forget(cover)
        return None


def _drawn(faces: Sequence[Face], name: str) -> bytes:
    vectors = [face.vector for face in faces if face.vector is not None]
    energies = [face.energy for face in faces if face.energy is not None]
    valences = [face.valence for face in faces if face.valence is not None]
    return draw(
        np.mean(vectors, axis=0) if vectors else None,
        sum(energies) / len(energies) if energies else None,
        sum(valences) / len(valences) if valences else None,
        name,
    )


def _cached(content: bytes, media_type: str, tag: str, caching: str) -> Response:
    response = Response(content, HTTPStatus.OK, content_type=media_type)
    response.set_etag(tag)
    response.headers["Cache-Control"] = caching
    response.make_conditional(request)
    return response
