"""What the analysis of a track found."""

from flask import Blueprint

from services.api.context import resolve_track, services
from services.api.http.operation import operation
from services.api.schemas.tracks import AudioFeatures
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import InvalidRequest
from services.domain.track import Track

audio_features = Blueprint("audio_features", __name__, url_prefix="/v1")


class NotAnalysed(InvalidRequest):
    """The track exists, but nobody has listened to it (yet)."""

    def __init__(self, track: Track) -> None:
        why = f": {track.reason}" if track.reason else ""
        super().__init__(f"Track '{track.id}' has no analysis; it is {track.status}{why}.")


@audio_features.get("/audio-features/<path:track_id>")
@operation("getAudioFeatures", "The analysis of a track", returns=AudioFeatures)
@needs(Scope.READ)
def get_audio_features(track_id: str) -> AudioFeatures:
    """Attributes, descriptors, tags and embedding of one track in a flat object."""
    tracks = services().catalogue.tracks
    track = tracks.get(resolve_track(track_id))
    if track.model_version is None:
        raise NotAnalysed(track)
    embedded = tracks.embedded([track.id]).get(track.id)
    described = tracks.descriptions([track.id]).get(track.id)
    return AudioFeatures.model_validate(
        {
            **(track.descriptors or {}),
            **(track.attributes or {}),
            "id": track.id,
            "duration_ms": track.duration_ms,
            "model_version": track.model_version,
            "tags": {} if described is None else described.tags,
            "embedding": None if embedded is None else embedded.vector.tolist(),
        }
    )
