"""The library: pages of tracks, one track, its audio, its neighbours."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from services.api.context import refuse_nul, resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.filters import SimilarQuery
from services.api.schemas.listens import ExternalIds
from services.api.schemas.tracks import SimilarTrack, SimilarTracks, Track, TrackPage, TrackPageQuery
from services.api.security.permissions import needs
from services.catalog.tracks import TrackFile, readable
from services.domain.access import Scope
from services.domain.errors import NotFound
from services.domain.listening import Recommendation
from services.ingest.roots import open_inside, readable_roots

tracks = Blueprint("tracks", __name__, url_prefix="/v1")

Shown = TypeVar("Shown", bound=SimilarTrack)

AUDIO_TYPES = {
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
}

AUDIO_RESPONSES: dict[int, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            media: {"schema": {"type": "string", "format": "binary"}} for media in sorted(set(AUDIO_TYPES.values()))
        },
    },
    206: {"description": "The part that `Range` asks for"},
    304: {"description": "Unchanged since the client has it"},
    416: {"description": "The file is shorter than the range"},
}


class AudioNotFound(NotFound):
    """None of a track's files can be read."""

    def __init__(self, track_id: str) -> None:
        super().__init__(f"No file of track '{track_id}' can be read. Scan its folder again if it was moved.")


@tracks.get("/tracks")
@operation("listTracks", "List or search the library", query=TrackPageQuery, returns=TrackPage)
@needs(Scope.READ)
def list_tracks(query: TrackPageQuery) -> TrackPage:
    """List or search the library.

    Tracks come in the order artist, album, title; `next_cursor` leads to the next page.
    """
    page = services().catalogue.tracks.page(search=query.q, status=query.status, cursor=query.cursor, limit=query.limit)
    return TrackPage(tracks=[Track.of(track) for track in page.tracks], next_cursor=page.next_cursor)


@tracks.get("/tracks/<path:track_id>")
@operation("getTrack", "Get a track", returns=Track)
@needs(Scope.READ)
def get_track(track_id: str) -> Track:
    """One track by its id or an external id."""
    return Track.of(services().catalogue.tracks.get(resolve_track(track_id)))


@tracks.get("/tracks/<path:track_id>/similar")
@operation("getSimilarTracks", "Get tracks that feel like this one", query=SimilarQuery, returns=SimilarTracks)
@needs(Scope.READ, expensive=True)
def get_similar(track_id: str, query: Any) -> SimilarTracks:  # noqa: ANN401  its fields are made at run time
    """Tracks that feel like this one, nearest first.

    The track itself is left out, in other encodings as well, and no recording comes twice. It must be `ready`.
    """
    refuse_nul(track_id)
    found = services().recommender.similar(track_id, limit=query.limit, filters=query.to_domain())
    return SimilarTracks(tracks=with_metadata(found, SimilarTrack))


@tracks.put("/tracks/<path:track_id>/ids")
@operation("setTrackIds", "Give a track external ids", body=ExternalIds, returns=Track)
@needs(Scope.INGEST)
def set_ids(track_id: str, body: ExternalIds) -> Track:
    """Set a track's external ids, so that it goes by them wherever a track id is accepted.

    Namespaces that are not named keep their ids; null takes one away. What is set here stays through every scan,
    whatever the file's tags say. Listens that were sent under such a name count from now on. If several tracks share
    an id, the one with the lowest Segue id answers to it.
    """
    own = resolve_track(track_id)
    services().catalogue.external_ids.change(own, body.ids)
    return Track.of(services().catalogue.tracks.get(own))


@tracks.get("/tracks/<path:track_id>/audio")
@operation("getTrackAudio", "Listen to a track", responses=AUDIO_RESPONSES)
@needs(Scope.READ, signed=True)
def get_audio(track_id: str) -> Response:
    """The track's audio file, as it is in the library.

    Ranges (`Range: bytes=…`) and conditional requests are honoured, so that players can seek.
    """
    for file in services().catalogue.tracks.files(resolve_track(track_id)):
        with suppress(OSError):  # gone or unreadable: another file may hold the same track
            return _stream(file)
    raise AudioNotFound(track_id)


def with_metadata(found: tuple[Recommendation, ...], answer: type[Shown]) -> list[Shown]:
    """Recommendations with what the catalogue knows of their tracks."""
    known = services().catalogue.tracks.get_many([recommendation.track_id for recommendation in found])
    return [
        answer.of(
            known[recommendation.track_id],
            score=recommendation.score,
            because_of=list(recommendation.because_of),
            taste=recommendation.taste,
        )
        for recommendation in found
        if recommendation.track_id in known  # gone from the library since the index answered
    ]


def _stream(file: TrackFile) -> Response:
    opened, path = _open_audio(file)
    found = os.fstat(opened.fileno())
    response = send_file(
        opened,
        mimetype=AUDIO_TYPES[path.suffix.lower()],
        download_name="".join(letter if letter.isprintable() else "_" for letter in readable(Path(file.path).name)),
        etag=f"{found.st_mtime_ns:x}-{found.st_size:x}",
        last_modified=found.st_mtime,
        max_age=0,
        conditional=False,  # Flask does not ask an open file for its length, which ranges need
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
    """Whether `Range` asks for one range of bytes; to anything else RFC 9110 has the whole file answered."""
    asked = request.range
    return asked is not None and asked.units == "bytes" and len(asked.ranges) == 1


def _open_audio(file: TrackFile) -> tuple[BinaryIO, Path]:
    """The file, open, and its real path; a link that was put in its place since the scan must not lead elsewhere.

    Raises:
        OSError: it is gone, unreadable, outside its library root or the folders that are named now, or no audio file.
    """
    opened, real = open_inside(file.path, file.root, readable_roots(services().settings))
    path = Path(real)
    if path.suffix.lower() not in AUDIO_TYPES:
        opened.close()
        raise FileNotFoundError(file.path)
    return opened, path
