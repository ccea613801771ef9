"""Covers of tracks, albums and artists: pictures, or drawings."""

from typing import Any

from flask import Blueprint, Response

from services.api.context import resolve_track, services
from services.api.covers import SVG, send_cover
from services.api.http.operation import operation
from services.api.schemas.tracks import CoverQuery
from services.api.security.permissions import needs
from services.covers.files import MEDIA_TYPE
from services.domain.access import Scope

covers = Blueprint("covers", __name__, url_prefix="/v1")

_BINARY = {"schema": {"type": "string", "format": "binary"}}
COVER_RESPONSES: dict[int, dict[str, Any]] = {
    200: {"description": "The cover", "content": {MEDIA_TYPE: _BINARY, SVG: {"schema": {"type": "string"}}}},
    304: {"description": "The client's copy is current"},
}


@covers.get("/tracks/<path:track_id>/cover")
@operation("getTrackCover", "Get the cover of a track", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True)
def get_track_cover(track_id: str, query: CoverQuery) -> Response:
    """Get the cover of a track: the picture in its file, or `cover`, `folder` or `front` (JPEG, PNG, WebP) beside it.

    Without one, the cover is a drawing of how the track feels, as SVG. Covers do not count against the rate limit.
    """
    own = resolve_track(track_id)
    return send_cover(services().catalogue.covers.faces([own]), own, query.size)


@covers.get("/albums/<album_id>/cover")
@operation("getAlbumCover", "Get the cover of an album", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True)
def get_album_cover(album_id: str, query: CoverQuery) -> Response:
    """Get the cover of an album: the most frequent picture of its tracks, or a drawing of their mean."""
    return send_cover(services().catalogue.covers.faces_of_album(album_id), album_id, query.size)


@covers.get("/artists/<artist_id>/cover")
@operation("getArtistCover", "Get the cover of an artist", query=CoverQuery, responses=COVER_RESPONSES)
@needs(Scope.READ, media=True)
def get_artist_cover(artist_id: str, query: CoverQuery) -> Response:
    """Get the cover of an artist: the most frequent picture of the artist's tracks, or a drawing of their mean."""
    return send_cover(services().catalogue.covers.faces_of_artist(artist_id), artist_id, query.size)
