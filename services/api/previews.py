"""Highlights of tracks, and the URLs that let players hear them."""

from collections.abc import Sequence

from flask import request

from services.api.context import services
from services.domain.highlight import Highlight, highlight_of
from services.domain.track import Track


def highlights(tracks: Sequence[Track]) -> dict[str, Highlight]:
    """Return the highlights of tracks, by id."""
    measured = services().catalogue.tracks.highlights([track.id for track in tracks])
    return {
        track.id: highlight_of(measured.get(track.id), None if track.duration_ms is None else track.duration_ms / 1000)
        for track in tracks
    }


def preview_url(track: Track, highlight: Highlight) -> str | None:
    """Return the URL of the audio of a track that starts and ends with its highlight; None if it has no file."""
    if track.path is None:
        return None
    return f"{request.root_url}v1/tracks/{track.id}/audio#{highlight.fragment}"
