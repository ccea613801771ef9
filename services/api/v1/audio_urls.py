"""URLs that an audio element can play."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from flask import Blueprint, url_for

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.tracks import AudioUrl, AudioUrlRequest
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.api.security.signed_urls import LIFETIME_SECONDS, sign_track
from services.domain.access import Scope
from services.domain.errors import KeyRequired

audio_urls = Blueprint("audio_urls", __name__, url_prefix="/v1")


@audio_urls.post("/audio-urls")
@operation(
    "signTrackAudio",
    "Make a URL to listen to a track without a key",
    body=AudioUrlRequest,
    returns=AudioUrl,
    status=HTTPStatus.CREATED,
    meaning="The URL",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.READ)
def sign_audio(body: AudioUrlRequest) -> AudioUrl:
    """Sign a URL of the track's audio for those that cannot send a key, such as audio elements.

    It opens this track's audio only, for an hour, and no longer than the key is in force that it was asked for with.
    """
    resolved = resolve_track(body.track_id)
    path = url_for("tracks.get_audio", track_id=resolved)
    key_id = principal().key_id
    if key_id is None:
        return AudioUrl(url=path, expires_at=None)
    active = services().catalogue.keys.find(key_id)
    if active is None:  # revoked since the request came in
        raise KeyRequired(presented=True)
    secret = services().catalogue.installation.signing_secret()
    token = sign_track(secret, key_id, active.digest, resolved)
    expires_at = datetime.now(UTC) + timedelta(seconds=LIFETIME_SECONDS)
    return AudioUrl(url=f"{path}?{urlencode({'token': token})}", expires_at=expires_at)
