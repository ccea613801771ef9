"""Tracks of the catalogue as Subsonic's songs."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from services.api.compat.names import ALBUM, ARTIST, Namespace, album_id, artist_id
from services.api.compat.subsonic.schemas import SubsonicChild, SubsonicGenre
from services.api.context import services
from services.api.v1.tracks import AUDIO_TYPES
from services.domain.track import Track


def songs(track_ids: Iterable[str], namespace: Namespace) -> dict[str, dict[str, Any]]:
    """Songs by track id, in the same order; tracks that have just left the library are absent."""
    ids = list(track_ids)
    known = services().catalogue.tracks.get_many(ids)
    return {track_id: _song(known[track_id], namespace) for track_id in ids if track_id in known}


def _song(track: Track, namespace: Namespace) -> dict[str, Any]:
    suffix = PurePath(track.path or "").suffix.lower()
    foreign = namespace.owns(track)
    album, artist = (None, None) if foreign else (_marked(ALBUM, album_id(track)), _marked(ARTIST, artist_id(track)))
    song = SubsonicChild(
        id=namespace.name_of(track),
        parent=album,
        title=track.title,
        album=track.album,
        artist=track.artist,
        year=track.year,
        genre=track.genre,
        contentType=AUDIO_TYPES.get(suffix),
        suffix=suffix.removeprefix(".") or None,
        duration=None if track.duration_ms is None else round(track.duration_ms / 1000),
        path=track.path,
        albumId=album,
        artistId=artist,
        bpm=round((track.descriptors or {}).get("tempo") or 0),
        musicBrainzId=track.ids.get("mbid", ""),
        displayArtist=track.artist or "",
        isrc=[track.ids["isrc"]] if "isrc" in track.ids else [],
        genres=[SubsonicGenre(name=track.genre)] if track.genre else [],
    )
    return song.model_dump(exclude_none=True)


def _marked(mark: str, found: str | None) -> str | None:
    return None if found is None else mark + found
