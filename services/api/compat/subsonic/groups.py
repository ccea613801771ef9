"""Albums and artists as Subsonic describes them, by tags and as folders."""

from flask import g

from services.api.compat.subsonic.method import Result
from services.api.compat.subsonic.schemas.groups import SubsonicAlbum, SubsonicArtist, SubsonicArtistFolder
from services.api.compat.subsonic.schemas.songs import SubsonicChild, SubsonicGenre
from services.api.compat.subsonic.songs import NO_NOTE, artist_names
from services.api.compat.subsonic.visible import listener
from services.api.context import services
from services.domain.annotations import Annotation, ItemKind
from services.domain.library import Album, Artist


def as_album(album: Album) -> Result:
    """Return an album by its tags."""
    note = _note(ItemKind.ALBUM, album.id)
    found = SubsonicAlbum(
        id=album.id,
        name=album.title,
        artist=album.artist,
        artistId=album.artist_id,
        coverArt=album.id,
        songCount=album.tracks,
        duration=round(album.duration_ms / 1000),
        created=album.added_at,
        starred=note.starred,
        userRating=note.rating,
        year=album.year,
        genre=next(iter(album.genres), album.genre),
        genres=[SubsonicGenre(name=name) for name in album.genres],
        artists=artist_names(album.artists),
        displayArtist=album.artist or "",
    )
    return found.model_dump(mode="json", exclude_none=True)


def as_album_folder(album: Album) -> Result:
    """Return an album as a folder."""
    note = _note(ItemKind.ALBUM, album.id)
    found = SubsonicChild(
        id=album.id,
        parent=album.artist_id,
        isDir=True,
        title=album.title,
        name=album.title,
        album=album.title,
        artist=album.artist,
        year=album.year,
        genre=next(iter(album.genres), album.genre),
        coverArt=album.id,
        songCount=album.tracks,
        duration=round(album.duration_ms / 1000),
        created=album.added_at,
        starred=note.starred,
        userRating=note.rating,
        artistId=album.artist_id,
        mediaType="album",
        displayArtist=album.artist or "",
        genres=[SubsonicGenre(name=name) for name in album.genres],
        artists=artist_names(album.artists),
    )
    return found.model_dump(mode="json", exclude_none=True)


def as_artist(artist: Artist) -> Result:
    """Return an artist by the tags."""
    note = _note(ItemKind.ARTIST, artist.id)
    found = SubsonicArtist(
        id=artist.id,
        name=artist.name,
        coverArt=artist.id,
        albumCount=artist.albums,
        starred=note.starred,
        userRating=note.rating,
    )
    return found.model_dump(mode="json", exclude_none=True)


def as_artist_folder(artist: Artist) -> Result:
    """Return an artist as a folder of an index."""
    note = _note(ItemKind.ARTIST, artist.id)
    found = SubsonicArtistFolder(id=artist.id, name=artist.name, starred=note.starred, userRating=note.rating)
    return found.model_dump(mode="json", exclude_none=True)


def _note(kind: ItemKind, item: str) -> Annotation:
    """Return what the listener of the request says of an album or artist; a request reads all of them once."""
    name, known = listener(), g.setdefault("subsonic_notes", {})
    if name is None:
        return NO_NOTE
    if kind not in known:
        known[kind] = services().catalogue.annotations.of_groups(name, kind)
    found: dict[str, Annotation] = known[kind]
    return found.get(item, NO_NOTE)
