"""Tracks: the library, similar tracks, analyses and audio files."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from services.api.answers import open_answer, record_similar
from services.api.audio import send_audio
from services.api.context import resolve_track, services
from services.api.http.files import file_responses
from services.api.http.operation import operation
from services.api.previews import highlights, preview_url
from services.api.schemas.answers import SimilarTracks, SimilarTracksQuery
from services.api.schemas.features import AudioFeatures, AudioFeaturesList, AudioFeaturesRequest, TrackHighlight
from services.api.schemas.filters import TrackPageQuery
from services.api.schemas.library import TrackPage
from services.api.schemas.listens import ExternalIds
from services.api.schemas.tracks import Track
from services.api.security.permissions import needs
from services.api.v1 import presenters
from services.domain.access import Scope
from services.domain.errors import InvalidRequest
from services.domain.filters import ATTRIBUTES
from services.domain.recommendation_log import AnswerKind
from services.domain.track import MEDIA_TYPES, Description, TrackStatus
from services.domain.track import Track as StoredTrack
from services.ingest.upload import delete_track

tracks = Blueprint("tracks", __name__, url_prefix="/v1")


@tracks.get("/tracks")
@operation("listTracks", "List or search the library", query=TrackPageQuery, returns=TrackPage)
@needs(Scope.READ)
def list_tracks(query: Any) -> TrackPage:  # noqa: ANN401  its fields are made at run time
    """List, sort and filter the library. Filters are those of recommendations.

    Pass `offset` to get any page, or `next_cursor` as `cursor` to get the next one.
    """
    browsing, selection = services().catalogue.browsing, query.selection()
    ids = tuple(services().catalogue.tracks.resolve(query.ids).values()) if query.ids else None
    selection = replace(selection, ids=ids)
    page = browsing.page(selection, offset=query.offset, cursor=query.cursor, limit=query.limit)
    return TrackPage(
        tracks=[Track.of(track) for track in page.tracks],
        total=browsing.count(selection),
        next_cursor=page.next_cursor,
    )


@tracks.get("/tracks/<path:track_id>")
@operation("getTrack", "Get a track", returns=Track)
@needs(Scope.READ)
def get_track(track_id: str) -> Track:
    """Get a track by its id or an external id."""
    return Track.of(services().catalogue.tracks.get(resolve_track(track_id)))


@tracks.delete("/tracks/<path:track_id>")
@operation(
    "deleteTrack", "Delete a track from the library", status=HTTPStatus.NO_CONTENT, meaning="The track is deleted."
)
@needs(Scope.INGEST)
def remove_track(track_id: str) -> None:
    """Delete a track from the library: it is not listed, recommended or played any more, and its id is unknown.

    Its files stay where they are, except the copy that an upload made. Scans and the watcher leave them out. To take
    the track again, scan or retry its file itself, or upload it: its listens, which are kept, then count again.
    A key of libraries deletes the track from these libraries; other libraries keep their files of it.
    """
    delete_track(services().catalogue, resolve_track(track_id), services().settings.uploads_path)


@tracks.get("/tracks/<path:track_id>/similar")
@operation("getSimilarTracks", "Get similar tracks", query=SimilarTracksQuery, returns=SimilarTracks)
@needs(Scope.READ, expensive=True)
def get_similar(track_id: str, query: Any) -> SimilarTracks:  # noqa: ANN401  its fields are made at run time
    """Get the tracks that are most similar to a track, which must be `ready`.

    The track itself is left out, and each recording appears once, whatever its encodings.
    """
    entry = open_answer(AnswerKind.SIMILAR, private=query.private)
    with services().catalogue.tracks.shared_reads():
        found = services().recommender.similar(track_id, limit=query.limit, filters=query.conditions())
        known = services().catalogue.tracks.get_many([each.track_id for each in found])
    logged = record_similar(entry, track_id, query.conditions(), found)
    return SimilarTracks(tracks=presenters.similar_tracks(found, known), **logged)


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


audio = Blueprint("audio", __name__, url_prefix="/v1")

AUDIO_RESPONSES = file_responses(MEDIA_TYPES.values())


class NotAnalysed(InvalidRequest):
    """The track has no analysis."""

    def __init__(self, track: StoredTrack) -> None:
        reason = f" ({track.reason})" if track.reason else ""
        super().__init__(f"The track '{track.id}' has no analysis: its status is '{track.status}'{reason}.")


@audio.get("/audio-features/<path:track_id>")
@operation("getAudioFeatures", "Get the analysis of a track", returns=AudioFeatures)
@needs(Scope.READ)
def get_audio_features(track_id: str) -> AudioFeatures:
    """Get the attributes, descriptors, tags and embedding of a track in one flat object."""
    track = services().catalogue.tracks.get(resolve_track(track_id))
    if track.model_version is None:
        raise NotAnalysed(track)
    return _features({track.id: track})[track.id]


@audio.post("/audio-features")
@operation(
    "getManyAudioFeatures", "Get the analyses of many tracks", body=AudioFeaturesRequest, returns=AudioFeaturesList
)
@needs(Scope.READ, expensive=True, repeatable=False)
def get_many_audio_features(body: AudioFeaturesRequest) -> AudioFeaturesList:
    """Get the analyses of up to 1,000 tracks in one request."""
    catalogue = services().catalogue
    names = catalogue.tracks.resolve(body.ids)
    known = catalogue.tracks.get_many(sorted(set(names.values())))
    features = _features({track_id: track for track_id, track in known.items() if track.model_version is not None})
    wanted = dict.fromkeys(names[name] for name in body.ids if name in names)
    return AudioFeaturesList(
        audio_features=[features[track_id] for track_id in wanted if track_id in features],
        unknown=[name for name in dict.fromkeys(body.ids) if names.get(name) not in features],
    )


def _features(tracks: Mapping[str, StoredTrack]) -> dict[str, AudioFeatures]:
    store = services().catalogue.tracks
    embedded, described = store.embedded(tracks.keys()), store.descriptions(tracks.keys())
    return {
        track_id: presenters.audio_features(
            _analysed_in(store.space, track, described.get(track_id)), embedded.get(track_id), described.get(track_id)
        )
        for track_id, track in tracks.items()
    }


def _analysed_in(space: str | None, track: StoredTrack, described: Description | None) -> StoredTrack:
    """Return a track with its attributes in the space of its embedding, if they are not in its row yet."""
    if space is None or described is None or track.model_version == space or track.status != TrackStatus.READY:
        return track
    attributes = {name: described.measured.get(name) for name in ATTRIBUTES}
    return replace(track, model_version=space, attributes=attributes)


@audio.get("/tracks/<path:track_id>/highlight")
@operation("getTrackHighlight", "Get the highlight of a track", returns=TrackHighlight)
@needs(Scope.READ)
def get_highlight(track_id: str) -> TrackHighlight:
    """Get the 30 s that are most typical of a track, for previews.

    To play them, load `audio_url`, or the audio of the track from `start` to `end`.
    """
    track = services().catalogue.tracks.get(resolve_track(track_id))
    found = highlights([track])[track.id]
    return TrackHighlight(
        start=round(found.start, 3),
        end=round(found.end, 3),
        measured=found.is_measured,
        audio_url=preview_url(track, found),
    )


@audio.get("/tracks/<path:track_id>/audio")
@operation("getTrackAudio", "Get the audio of a track", responses=AUDIO_RESPONSES)
@needs(Scope.READ, media=True)
def get_audio(track_id: str) -> Response:
    """Get the audio file of a track, unchanged.

    The request may name one range (`Range: bytes=…`) and may be conditional, so players can seek.
    """
    return send_audio(resolve_track(track_id))
