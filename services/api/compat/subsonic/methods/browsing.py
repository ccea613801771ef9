"""Browse artists, albums and songs, by tags and as folders."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from services.api.compat.subsonic.groups import as_album, as_album_folder, as_artist, as_artist_folder
from services.api.compat.subsonic.method import READS, Method, Result
from services.api.compat.subsonic.schemas.browsing import FolderQuery, GroupQuery, IndexesQuery
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SongQuery
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import (
    EVERYTHING,
    folder_id,
    visible_libraries,
    visible_track,
    visible_within,
)
from services.api.context import services
from services.catalog.names import id_of_key
from services.domain.errors import NotFound
from services.domain.library import Album, Artist
from services.domain.names import text_key
from services.domain.track import Track

ARTICLES = ("The", "El", "La", "Los", "Las", "Le", "Les", "Die", "Der", "Das")
IGNORED = " ".join(ARTICLES)
_ARTICLES = tuple(f"{text_key(each)} " for each in ARTICLES)

OTHERS = "#"
"""The index of names that begin with no letter."""


class GroupNotFound(NotFound):
    """The library has no such artist, album or folder."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"There is no {kind} with the id '{name}'.")


def get_music_folders(_: SubsonicQuery) -> Result:
    """List the named libraries. Without any, there is one folder with all music."""
    named = [{"id": folder_id(each), "name": each.name} for each in visible_libraries()]
    return {"musicFolders": {"musicFolder": named or [{"id": EVERYTHING, "name": "Music"}]}}


def get_indexes(query: IndexesQuery) -> Result:
    """List all artists as folders, by initial letter. Segue organises music by tags, so folders are artists and albums.

    `ifModifiedSince` is ignored.
    """
    latest = services().catalogue.browsing.latest_addition()
    return {
        "indexes": {
            "lastModified": 0 if latest is None else round(1000 * latest.timestamp()),
            "ignoredArticles": IGNORED,
            "index": _indexes(_artists(query.musicFolderId), as_artist_folder),
        }
    }


def get_artists(query: FolderQuery) -> Result:
    """List all artists by initial letter: every artist that the songs' tags credit."""
    return {"artists": {"ignoredArticles": IGNORED, "index": _indexes(_artists(query.musicFolderId), as_artist)}}


def get_music_directory(query: GroupQuery) -> Result:
    """Get the content of a folder: the artists of a music folder, or the songs of an album.

    The folder of an artist has the artist's albums, and the songs that are on no album.
    """
    if (found := _album(query.id)) is not None:
        album, tracks = found
        children = as_songs(tracks)
        parent = {} if album.artist_id is None else {"parent": album.artist_id}
        return {"directory": {"id": album.id, **parent, "name": album.title, "child": children}}
    if (by_artist := services().catalogue.albums.artist(query.id, visible_within())) is not None:
        artist, albums = by_artist
        children = [as_album_folder(album) for album in albums] + as_songs(_loose(artist.id))
        return {"directory": {"id": artist.id, "name": artist.name, "child": children}}
    if query.id.isdecimal():
        artists = [
            {"id": each.id, "isDir": True, "title": each.name, "artist": each.name, "coverArt": each.id}
            for each in _artists(int(query.id))
        ]
        return {"directory": {"id": query.id, "name": "Music", "child": artists}}
    raise GroupNotFound("folder", query.id)


def get_artist(query: GroupQuery) -> Result:
    """Get an artist with the albums, latest first: the artist's own, and those with one of the artist's songs."""
    found = services().catalogue.albums.artist(query.id, visible_within())
    if found is None:
        raise GroupNotFound("artist", query.id)
    artist, albums = found
    shown = [as_album(album) for album in albums]
    return {"artist": {**as_artist(artist), "albumCount": len(shown), "album": shown}}


def get_album(query: GroupQuery) -> Result:
    """Get an album with its songs, ordered by disc and number."""
    found = _album(query.id)
    if found is None:
        raise GroupNotFound("album", query.id)
    album, tracks = found
    return {"album": {**as_album(album), "song": as_songs(tracks)}}


def get_song(query: SongQuery) -> Result:
    """Get a song."""
    track_id, namespace = visible_track(query.id)
    return {"song": as_songs([services().catalogue.tracks.get(track_id)], namespace)[0]}


def get_genres(_: SubsonicQuery) -> Result:
    """List the genres of files. `getSongsByGenre` also accepts tags that the analysis found."""
    found = services().catalogue.browsing.genres_in(visible_within())
    listed = [{"value": each.name, "songCount": each.tracks, "albumCount": each.albums} for each in found]
    return {"genres": {"genre": listed}}


def artist_named(name: str) -> str:
    """Return the id of the artist with a name."""
    return id_of_key(text_key(name))


def _album(album_id: str) -> tuple[Album, Sequence[Track]] | None:
    return services().catalogue.albums.album(album_id, visible_within())


def _loose(artist_id: str) -> list[Track]:
    """Return the tracks of an artist that are on no album."""
    ids = services().catalogue.albums.tracks_by(artist_id, visible_within())
    found = services().catalogue.tracks.get_many(ids)
    return sorted(
        (track for track in found.values() if track.album_id is None), key=lambda track: text_key(track.title)
    )


def _artists(folder: int | None) -> list[Artist]:
    return services().catalogue.albums.all_artists(visible_within(folder))


def _indexes(artists: Iterable[Artist], show: Callable[[Artist], Result]) -> list[Result]:
    by_letter: defaultdict[str, list[tuple[str, Artist]]] = defaultdict(list)
    for artist in artists:
        key = text_key(artist.name)
        short = next((key.removeprefix(each) for each in _ARTICLES if key.startswith(each)), key)
        by_letter[short[0].upper() if short[:1].isalpha() else OTHERS].append((short, artist))
    return [
        {"name": letter, "artist": [show(artist) for _, artist in sorted(named, key=lambda pair: pair[0])]}
        for letter, named in sorted(by_letter.items())
    ]


METHODS = (
    Method("getMusicFolders", SubsonicQuery, get_music_folders, "List the music folders", READS),
    Method("getIndexes", IndexesQuery, get_indexes, "List the artists as folders", READS),
    Method("getMusicDirectory", GroupQuery, get_music_directory, "Get the content of a folder", READS),
    Method("getArtists", FolderQuery, get_artists, "List the artists", READS),
    Method("getArtist", GroupQuery, get_artist, "Get an artist", READS),
    Method("getAlbum", GroupQuery, get_album, "Get an album", READS),
    Method("getSong", SongQuery, get_song, "Get a song", READS),
    Method("getGenres", SubsonicQuery, get_genres, "List the genres", READS),
)
