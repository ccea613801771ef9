"""Converts tracks and analyses to Spotify's objects."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from flask import request

from services.api.compat.ids import ALPHABET, SPOTIFY, album_id, first_artist, id_of_names, of_album, short
from services.api.compat.spotify.schemas import (
    UNKNOWN,
    SpotifyAlbum,
    SpotifyArtist,
    SpotifyAudioFeatures,
    SpotifyIds,
    SpotifyTrack,
    SpotifyUrls,
)
from services.api.context import services
from services.api.request_limits import TEXT_MAX
from services.catalog.tracks import measured_of
from services.domain.track import Track

NO_YEAR = "0000"

_SPOTIFY_ID = re.compile(rf"[{ALPHABET}]+")


def track_objects(found: Iterable[Track]) -> list[SpotifyTrack]:
    """Return tracks as Spotify's track objects."""
    shown = list(found)
    totals: dict[str | None, int] = {None: 0}
    for track in shown:
        if (album := album_id(track)) not in totals and track.album:
            totals[album] = services().index.count_matching(of_album(first_artist(track), track.album))
    return [_track(track, totals[album_id(track)]) for track in shown]


def audio_features(track: Track) -> SpotifyAudioFeatures:
    """Return the analysis of an analysed track."""
    measured = measured_of({**(track.descriptors or {}), **(track.attributes or {}), "duration_ms": track.duration_ms})
    values = {name: measured.get(name, unknown) for name, unknown in UNKNOWN.items()}
    return SpotifyAudioFeatures.model_validate(
        {
            **values,
            "id": public_id(track),
            "uri": _uri("track", public_id(track)),
            "track_href": track_link(track.id),
            "analysis_url": f"{request.root_url}v1/audio-features/{track.id}",
        }
    )


def public_id(track: Track) -> str:
    """Return the registered Spotify id of a track, or else its short id."""
    registered = track.ids.get(SPOTIFY, "")
    return registered if _SPOTIFY_ID.fullmatch(registered) else short(track.id)


def track_link(track_id: str) -> str:
    """Return the URL of a track in this service."""
    return f"{request.root_url}v1/tracks/{track_id}"


def search_link(*words: str) -> str:
    """Return the URL that lists the tracks with these words in artist, album or title."""
    return f"{request.root_url}v1/tracks?q={quote(' '.join(words)[:TEXT_MAX])}"


def _track(track: Track, album_tracks: int) -> SpotifyTrack:
    name, link = public_id(track), track_link(track.id)
    is_registered = name == track.ids.get(SPOTIFY)
    return SpotifyTrack(
        album=_album(track, album_tracks),
        artists=[_artist(each.name) for each in track.artists] or [_artist("")],
        available_markets=[],
        disc_number=0,
        duration_ms=track.duration_ms or 0,
        explicit=False,
        external_ids=SpotifyIds(isrc=track.ids.get("isrc")),
        external_urls=SpotifyUrls(spotify=f"https://open.spotify.com/track/{name}" if is_registered else link),
        href=link,
        id=name,
        is_playable=track.path is not None,
        name=track.title,
        popularity=0,
        preview_url=None if track.path is None else f"{link}/audio",
        track_number=0,
        uri=_uri("track", name),
    )


def _artist(name: str) -> SpotifyArtist:
    found = id_of_names(name) if name else None
    return SpotifyArtist(
        external_urls=SpotifyUrls(),
        href=search_link(name) if name else None,
        id=found,
        name=name,
        uri=None if found is None else _uri("artist", found),
    )


def _album(track: Track, total: int) -> SpotifyAlbum:
    found = album_id(track)
    return SpotifyAlbum(
        artists=[_artist(first_artist(track))],
        available_markets=[],
        external_urls=SpotifyUrls(),
        href=search_link(first_artist(track), track.album) if track.album else None,
        id=found,
        images=[],
        name=track.album or "",
        release_date=NO_YEAR if track.year is None else f"{track.year:04}",
        total_tracks=total,
        uri=None if found is None else _uri("album", found),
    )


def _uri(kind: str, name: str) -> str:
    return f"spotify:{kind}:{name}"
