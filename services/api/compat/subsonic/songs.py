"""Songs as Subsonic describes them."""

from collections.abc import Sequence
from pathlib import PurePath

from services.api.compat.ids import ALBUM, ARTIST, Namespace, album_id, first_artist, id_of_names
from services.api.compat.subsonic.method import Result
from services.api.compat.subsonic.schemas.songs import SubsonicChild, SubsonicGenre
from services.api.context import services
from services.domain.track import MEDIA_TYPES, Track


def song(track: Track, namespace: Namespace) -> Result:
    """Return a track as a Subsonic song, with ids of the client's namespace."""
    suffix = PurePath(track.path or "").suffix.lower()
    # Another system does not know the ids of artists and albums that Segue makes from their names.
    is_own, name = not namespace.has(track), first_artist(track)
    album, artist = album_id(track) if is_own else None, id_of_names(name) if is_own and name else None
    child = SubsonicChild(
        id=namespace.id_of(track),
        parent=None if album is None else ALBUM + album,
        title=track.title,
        album=track.album,
        artist=track.artist,
        year=track.year,
        genre=track.genre,
        contentType=MEDIA_TYPES.get(suffix),
        suffix=suffix.removeprefix(".") or None,
        duration=None if track.duration_ms is None else round(track.duration_ms / 1000),
        path=track.path,
        albumId=None if album is None else ALBUM + album,
        artistId=None if artist is None else ARTIST + artist,
        bpm=round((track.descriptors or {}).get("tempo") or 0),
        musicBrainzId=track.ids.get("mbid", ""),
        displayArtist=track.artist or "",
        isrc=[track.ids["isrc"]] if "isrc" in track.ids else [],
        genres=[SubsonicGenre(name=name) for name in track.genres],
    )
    return child.model_dump(exclude_none=True)


def songs_by_id(track_ids: Sequence[str], namespace: Namespace) -> dict[str, Result]:
    """Return songs by track id, in the same order; tracks that have left the library are absent."""
    known = services().catalogue.tracks.get_many(track_ids)
    return {track_id: song(known[track_id], namespace) for track_id in track_ids if track_id in known}
