"""Errors in ListenBrainz's own shape: `{"code": …, "error": …}`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, g, json
from werkzeug.exceptions import HTTPException

from services.api.compat.listenbrainz.schemas import Scrobble, ScrobbleTrack, ScrobbleTrackInfo
from services.api.http.errors import ApiError, headers_of, status_of
from services.api.http.problems import from_defect, log, public_detail
from services.api.request_limits import RETRY_AFTER_SECONDS
from services.domain.errors import SegueError
from services.domain.listening import Listen
from services.domain.track import Track


class BadSubmission(ApiError):  # noqa: N818
    """What a scrobbler sent is not what ListenBrainz would take."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorised(ApiError):  # noqa: N818
    """A scrobbler did not say whose listens these are."""

    status = HTTPStatus.UNAUTHORIZED


def register_errors(blueprint: Blueprint) -> None:
    """Answer whatever goes wrong in these views as ListenBrainz would."""
    blueprint.register_error_handler(SegueError, _from_segue_error)
    blueprint.register_error_handler(HTTPException, _from_http_error)
    blueprint.register_error_handler(Exception, _from_defect)


def _from_segue_error(error: SegueError) -> Response:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", reason=error.detail, error=type(error).__name__)
    # ListenBrainz calls whatever it cannot use a bad request; scrobblers drop such listens instead of retrying.
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    response = _answer(status, public_detail(error))
    response.headers.update(headers_of(error))
    return response


def _from_http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    return _answer(status, error.description or status.phrase)


def _from_defect(error: Exception) -> Response:
    from_defect(error)  # into the log
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(status, f"Something went wrong. The log has it under the request id {g.request_id}.")


def _answer(status: HTTPStatus, message: str) -> Response:
    body = json.dumps({"code": status.value, "error": message})
    response = Response(body, status, content_type="application/json")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


NAMELESS = "[unknown]"
"""MusicBrainz's own name for an artist of whom nothing is known."""


def msid_of(listen: Listen) -> str:
    """A UUID that listens of the same track share: ListenBrainz's clients name listens by it."""
    described = listen.described
    if described is not None:
        subject = f"{described.artist}\x1f{described.title}".casefold()
    else:
        subject = listen.track_id or listen.names[0]
    return str(uuid5(NAMESPACE_URL, f"urn:segue:recording:{subject}"))


def scrobbles(listener: str, listens: Sequence[Listen], tracks: Mapping[str, Track]) -> list[Scrobble]:
    """Return the listens in ListenBrainz's format, with the metadata of their tracks."""
    return [
        Scrobble(
            listened_at=int(listen.at.timestamp()),
            recording_msid=msid_of(listen),
            user_name=listener,
            track_metadata=_metadata(listen, tracks.get(listen.track_id or "")),
        )
        for listen in listens
    ]


def _metadata(listen: Listen, track: Track | None) -> ScrobbleTrack:
    described = listen.described
    ids = {} if track is None else dict(track.ids)
    ids |= dict(name.split(":", 1) for name in listen.names if ":" in name)
    info = ScrobbleTrackInfo(
        recording_msid=msid_of(listen),
        recording_mbid=ids.get("mbid"),
        isrc=ids.get("isrc"),
        segue_track_id=listen.track_id,
        duration_ms=(described and described.duration_ms) or (track and track.duration_ms) or None,
    )
    artist, title, album = NAMELESS, "", None
    if described is not None:
        artist, title, album = described.artist, described.title, described.album
    elif track is not None:
        artist, title, album = track.artist or NAMELESS, track.title, track.album
    else:
        title = listen.names[0]
    return ScrobbleTrack(artist_name=artist, track_name=title, release_name=album, additional_info=info)
