"""The tracks of the library: list, search, similar tracks and external ids."""

from typing import Any

from flask import Blueprint

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.listens import ExternalIds
from services.api.schemas.tracks import SimilarTracks, Track, TrackPage, TrackPageQuery
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope

tracks = Blueprint("tracks", __name__, url_prefix="/v1")


@tracks.get("/tracks")
@operation("listTracks", "List or search the library", query=TrackPageQuery, returns=TrackPage)
@needs(Scope.READ)
def list_tracks(query: TrackPageQuery) -> TrackPage:
    """List or search the library, ordered by artist, album and title.

    Pass `next_cursor` as `cursor` to get the next page.
    """
    page = services().catalogue.tracks.page(search=query.q, status=query.status, cursor=query.cursor, limit=query.limit)
    return TrackPage(tracks=[Track.of(track) for track in page.tracks], next_cursor=page.next_cursor)


@tracks.get("/tracks/<path:track_id>")
@operation("getTrack", "Get a track", returns=Track)
@needs(Scope.READ)
def get_track(track_id: str) -> Track:
    """Get a track by its id or an external id."""
    return Track.of(services().catalogue.tracks.get(resolve_track(track_id)))


@tracks.get("/tracks/<path:track_id>/similar")
@operation("getSimilarTracks", "Get similar tracks", query=SimilarQuery, returns=SimilarTracks)
@needs(Scope.READ, expensive=True)
def get_similar(track_id: str, query: Any) -> SimilarTracks:  # noqa: ANN401  its fields are made at run time
    """Get the tracks that are most similar to a track, which must be `ready`.

    The track itself is left out, and each recording appears once, whatever its encodings.
    """
    found = services().recommender.similar(track_id, limit=query.limit, filters=query.to_domain())
    known = services().catalogue.tracks.get_many([each.track_id for each in found])
    return SimilarTracks(tracks=presenters.similar_tracks(found, known))


@tracks.put("/tracks/<path:track_id>/ids")
@operation("setTrackIds", "Set external ids of a track", body=ExternalIds, returns=Track)
@needs(Scope.INGEST)
def set_ids(track_id: str, body: ExternalIds) -> Track:
    """Set external ids of a track. You can use them wherever a track id is accepted.

    Namespaces that you do not name keep their ids; null removes an id. Scans do not change ids that you set here,
    whatever the file's tags contain. Stored listens with such an id are attached to the track. If several tracks share
    an external id, it resolves to the track with the lowest Segue id.
    """
    own = resolve_track(track_id)
    services().catalogue.external_ids.change(own, body.ids)
    return Track.of(services().catalogue.tracks.get(own))
