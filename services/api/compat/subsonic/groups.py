"""Albums and artists as Subsonic describes them, by tags and as folders."""

from services.api.compat.subsonic.method import Result
from services.api.compat.subsonic.schemas.groups import SubsonicAlbum, SubsonicArtist
from services.api.compat.subsonic.schemas.songs import SubsonicChild, SubsonicGenre
from services.api.compat.subsonic.songs import artist_names
from services.domain.library import Album, Artist


def as_album(album: Album) -> Result:
    """Return an album by its tags."""
    found = SubsonicAlbum(
        id=album.id,
        name=album.title,
        artist=album.artist,
        artistId=album.artist_id,
        coverArt=album.id,
        songCount=album.tracks,
        duration=round(album.duration_ms / 1000),
        created=album.added_at,
        year=album.year,
        genre=album.genre,
        genres=[] if album.genre is None else [SubsonicGenre(name=album.genre)],
        artists=artist_names(album.artists),
        displayArtist=album.artist or "",
    )
    return found.model_dump(mode="json", exclude_none=True)


def as_album_folder(album: Album) -> Result:
    """Return an album as a folder."""
    found = SubsonicChild(
        id=album.id,
        parent=album.artist_id,
        isDir=True,
        title=album.title,
        album=album.title,
        artist=album.artist,
        year=album.year,
        genre=album.genre,
        coverArt=album.id,
        duration=round(album.duration_ms / 1000),
        created=album.added_at,
        artistId=album.artist_id,
        mediaType="album",
        displayArtist=album.artist or "",
        genres=[] if album.genre is None else [SubsonicGenre(name=album.genre)],
        artists=artist_names(album.artists),
    )
    return found.model_dump(mode="json", exclude_none=True)


def as_artist(artist: Artist) -> Result:
    """Return an artist by the tags."""
    found = SubsonicArtist(id=artist.id, name=artist.name, coverArt=artist.id, albumCount=artist.albums)
    return found.model_dump(mode="json", exclude_none=True)


def as_artist_folder(artist: Artist) -> Result:
    """Return an artist as a folder of an index."""
    return {"id": artist.id, "name": artist.name}
