"""Search artists, albums and songs by their names."""

from collections.abc import Callable

from services.api.compat.subsonic.groups import as_album, as_album_folder, as_artist, as_artist_folder
from services.api.compat.subsonic.method import READS, Method, Result
from services.api.compat.subsonic.schemas.browsing import PAGE_MAX, NameSearchQuery
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import visible_filters, visible_within
from services.api.context import services
from services.domain.filters import Filters
from services.domain.library import Album, AlbumSelection, Artist, ArtistSelection, Selection
from services.domain.track import Track, TrackStatus

LISTED = tuple(status for status in TrackStatus if status != TrackStatus.MISSING)


def search_2(query: NameSearchQuery) -> Result:
    """Search artists, albums and songs by their names; albums and artists are folders."""
    return {"searchResult2": _found(query, as_artist_folder, as_album_folder)}


def search_3(query: NameSearchQuery) -> Result:
    """Search artists, albums and songs by their names. An empty query lists everything, in pages."""
    return {"searchResult3": _found(query, as_artist, as_album)}


def _found(query: NameSearchQuery, artist: Callable[[Artist], Result], album: Callable[[Album], Result]) -> Result:
    words = query.query.strip().strip("\"'*")
    libraries = visible_within(query.musicFolderId)
    albums = services().catalogue.albums
    # Players that read all songs, page by page, ask for no artists and albums.
    artists: list[Artist] = []
    if limit := min(query.artistCount, PAGE_MAX):
        wanted = ArtistSelection(search=words, libraries=libraries)
        artists = albums.artists(wanted, offset=query.artistOffset, limit=limit).artists
    found: list[Album] = []
    if limit := min(query.albumCount, PAGE_MAX):
        selected = AlbumSelection(search=words, libraries=libraries)
        found = albums.albums(selected, offset=query.albumOffset, limit=limit).albums
    return {
        "artist": [artist(each) for each in artists],
        "album": [album(each) for each in found],
        "song": as_songs(_tracks(query, words)),
    }


def _tracks(query: NameSearchQuery, words: str) -> list[Track]:
    selection = Selection(
        search=words, statuses=LISTED, filters=visible_filters(Filters(), query.musicFolderId), sort="artist"
    )
    browsing, limit = services().catalogue.browsing, min(query.songCount, PAGE_MAX)
    return browsing.page(selection, offset=query.songOffset, limit=limit).tracks if limit else []


METHODS = (
    Method("search2", NameSearchQuery, search_2, "Search folders and songs", READS),
    Method("search3", NameSearchQuery, search_3, "Search artists, albums and songs", READS),
)
