"""Songs as Subsonic describes them."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from services.api.compat.ids import Namespace
from services.api.compat.subsonic.method import Result
from services.api.compat.subsonic.schemas.songs import (
    SubsonicArtistName,
    SubsonicChild,
    SubsonicGenre,
    SubsonicReplayGain,
)
from services.api.compat.subsonic.visible import listener
from services.api.context import services
from services.domain.annotations import Annotation
from services.domain.track import MEDIA_TYPES, NamedArtist, Track

BITS_PER_BYTE = 8

NO_NOTE = Annotation()


def as_songs(tracks: Iterable[Track], namespace: Namespace | None = None) -> list[Result]:
    """Return tracks as songs, with ids of the client's namespace."""
    listed, catalogue, name = list(tracks), services().catalogue, listener()
    ids = [track.id for track in listed]
    sizes = catalogue.files.sizes(ids)
    notes = {} if name is None else catalogue.annotations.of_tracks(name, ids)
    return [
        song(track, namespace or Namespace(), sizes.get(track.id), notes.get(track.id, NO_NOTE)) for track in listed
    ]


def songs_by_id(track_ids: Sequence[str], namespace: Namespace) -> dict[str, Result]:
    """Return songs by track id, in the same order; tracks that have left the library are absent."""
    known = services().catalogue.tracks.get_many(track_ids)
    found = [known[track_id] for track_id in track_ids if track_id in known]
    return {track.id: song for track, song in zip(found, as_songs(found, namespace), strict=True)}


def song(track: Track, namespace: Namespace, size: int | None = None, note: Annotation = NO_NOTE) -> Result:
    """Return a track as a song; `size` is that of its file in bytes, and `note` what its listener says."""
    suffix = PurePath(track.path or "").suffix.lower()
    # Another system does not know the ids of Segue's artists and albums.
    is_own = not namespace.has(track)
    first = track.artists[0].id if track.artists else None
    child = SubsonicChild(
        id=namespace.id_of(track),
        parent=track.album_id or first if is_own else None,
        title=track.title,
        album=track.album,
        artist=track.artist,
        track=track.track_number,
        discNumber=track.disc_number,
        year=track.year,
        genre=track.genres[0] if track.genres else track.genre,
        coverArt=(track.album_id or track.id) if is_own else None,
        size=size,
        contentType=MEDIA_TYPES.get(suffix),
        suffix=suffix.removeprefix(".") or None,
        duration=None if track.duration_ms is None else round(track.duration_ms / 1000),
        bitRate=bit_rate(size, track.duration_ms),
        path=track.path,
        created=track.added_at,
        starred=note.starred,
        userRating=note.rating,
        playCount=note.plays or None,
        played=note.played,
        albumId=track.album_id if is_own else None,
        artistId=first if is_own else None,
        bpm=round((track.descriptors or {}).get("tempo") or 0),
        comment=track.comment or "",
        musicBrainzId=track.ids.get("mbid", ""),
        displayArtist=track.artist or "",
        displayAlbumArtist=track.album_artist or "",
        displayComposer=track.composer or "",
        isrc=[track.ids["isrc"]] if "isrc" in track.ids else [],
        genres=[SubsonicGenre(name=name) for name in track.genres],
        moods=list(track.tags),
        artists=artist_names(track.artists) if is_own else [],
        albumArtists=artist_names(track.album_artists) if is_own else [],
        replayGain=None if track.replay_gain is None else SubsonicReplayGain(trackGain=track.replay_gain),
    )
    return child.model_dump(mode="json", exclude_none=True)


def bit_rate(size: int | None, duration_ms: int | None) -> int | None:
    """Return the mean bit rate of a file in kbit/s; None if it is not known."""
    return round(BITS_PER_BYTE * size / duration_ms) if size and duration_ms else None


def artist_names(artists: Iterable[NamedArtist]) -> list[SubsonicArtistName]:
    """Return the ids and names of artists."""
    return [SubsonicArtistName(id=each.id, name=each.name) for each in artists]
