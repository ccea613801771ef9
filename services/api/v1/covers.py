"""Covers of tracks, albums and artists: pictures, or drawings."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
from flask import Blueprint, Response, request

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.tracks import CoverQuery
from services.api.security.permissions import needs
from services.catalog.covers import Face
from services.covers.drawing import draw
from services.covers.files import MEDIA_TYPE, CoverFiles
from services.domain.access import Scope
from services.domain.errors import NotFound

covers = Blueprint("covers", __name__, url_prefix="/v1")

SVG = "image/svg+xml"
KEPT = "private, max-age=3600, stale-while-revalidate=604800"
"""For a week browsers show their copy at once; after an hour they ask whether it is current."""
UNSETTLED = "private, max-age=20"
"""A drawing may soon be replaced by a picture, or by a drawing that knows the music."""


class CoverNotFound(NotFound):
    """No track of the library belongs to the album or artist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No track of the library has the album or artist '{name}'.")


_BINARY = {"schema": {"type": "string", "format": "binary"}}
COVER_RESPONSES: dict[int, dict[str, Any]] = {
    200: {"description": "The cover", "content": {MEDIA_TYPE: _BINARY, SVG: {"schema": {"type": "string"}}}},
    304: {"description": "The client's copy is current"},
}


@covers.get("/tracks/<path:track_id>/cover")
@operation("getTrackCover", "Get the cover of a track", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True, libraries=True)
def get_track_cover(track_id: str, query: CoverQuery) -> Response:
    """Get the cover of a track: the picture in its file, or `cover`, `folder` or `front` (JPEG, PNG, WebP) beside it.

    Without one, the cover is a drawing of how the track feels, as SVG. Covers do not count against the rate limit.
    """
    own = resolve_track(track_id)
    return _cover(services().catalogue.covers.faces([own]), own, query.size)


@covers.get("/albums/<album_id>/cover")
@operation("getAlbumCover", "Get the cover of an album", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True)
def get_album_cover(album_id: str, query: CoverQuery) -> Response:
    """Get the cover of an album: the most frequent picture of its tracks, or a drawing of their mean."""
    return _cover(services().catalogue.covers.faces_of_album(album_id), album_id, query.size)


@covers.get("/artists/<artist_id>/cover")
@operation("getArtistCover", "Get the cover of an artist", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True)
def get_artist_cover(artist_id: str, query: CoverQuery) -> Response:
    """Get the cover of an artist: the most frequent picture of the artist's tracks, or a drawing of their mean."""
    return _cover(services().catalogue.covers.faces_of_artist(artist_id), artist_id, query.size)


def _cover(faces: Sequence[Face], name: str, size: int) -> Response:
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
    tag = hashlib.sha256(drawing).hexdigest()[:32]
    return _cached(drawing, SVG, tag, KEPT if is_settled else UNSETTLED)


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
