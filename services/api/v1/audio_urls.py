"""URLs that an audio element can play."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import url_for

from services.api.context import resolve_track, services
from services.api.schemas.tracks import AudioUrl, AudioUrlRequest
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.api.security.signed_urls import LIFETIME_SECONDS, sign_track
from services.domain.access import Scope
from services.domain.errors import KeyRequired

NO_TRACK: dict[int | str, Any] = {404: {"description": "No track goes by this name"}}

audio_urls = APIBlueprint("audio_urls", __name__, url_prefix="/v1", tag="Library")


@audio_urls.post("/audio-urls")
@audio_urls.input(AudioUrlRequest, location="json")
@audio_urls.output(AudioUrl, status_code=201, description="The URL")
@audio_urls.doc(
    operation_id="signTrackAudio", summary="Make a URL to listen to a track without a key", responses=NO_TRACK
)
@needs(Scope.READ)
def sign_audio(json_data: AudioUrlRequest) -> AudioUrl:
    """Sign a URL of the track's audio for those that cannot send a key, such as audio elements.

    It opens this track's audio only, for an hour, and no longer than the key is in force that it was asked for with.
    """
    resolved = resolve_track(json_data.track_id)
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
