"""Lists of albums and songs."""

from collections.abc import Callable
from dataclasses import replace

from services.api.compat.subsonic.auth import MissingParameter
from services.api.compat.subsonic.groups import as_album, as_album_folder
from services.api.compat.subsonic.method import READS, Method, Result
from services.api.compat.subsonic.methods.searching import LISTED
from services.api.compat.subsonic.schemas.browsing import PAGE_MAX, AlbumListQuery, RandomSongsQuery, SongsByGenreQuery
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import listener, visible_filters, visible_within
from services.api.context import services
from services.catalog.heard_albums import HeardOrder
from services.domain.annotations import ItemKind
from services.domain.filters import Filters, Range
from services.domain.library import Album, AlbumSelection, Selection

AlbumList = Callable[[AlbumListQuery, AlbumSelection, int], list[Album]]


def get_album_list(query: AlbumListQuery) -> Result:
    """List albums as folders, in an order of your choice."""
    return {"albumList": {"album": [as_album_folder(album) for album in _albums(query)]}}


def get_album_list_2(query: AlbumListQuery) -> Result:
    """List albums in an order of your choice."""
    return {"albumList2": {"album": [as_album(album) for album in _albums(query)]}}


def get_random_songs(query: RandomSongsQuery) -> Result:
    """Get random songs, of a genre or of some years if you like."""
    ranges = {"year": _years(query)} if query.fromYear is not None or query.toYear is not None else {}
    any_of = {} if query.genre is None else {"genre": (query.genre,)}
    filters = visible_filters(Filters(ranges=ranges, any_of=any_of), query.musicFolderId)
    selection = Selection(statuses=LISTED, filters=filters)
    return {
        "randomSongs": {"song": as_songs(services().catalogue.browsing.random(selection, min(query.size, PAGE_MAX)))}
    }


def get_songs_by_genre(query: SongsByGenreQuery) -> Result:
    """Get a page of the songs of a genre."""
    filters = visible_filters(Filters(any_of={"genre": (query.genre,)}), query.musicFolderId)
    selection = Selection(statuses=LISTED, filters=filters)
    page = services().catalogue.browsing.page(selection, offset=query.offset, limit=min(query.count, PAGE_MAX))
    return {"songsByGenre": {"song": as_songs(page.tracks)}}


def _albums(query: AlbumListQuery) -> list[Album]:
    size = min(query.size, PAGE_MAX)
    libraries = visible_within(query.musicFolderId)
    if not size:
        return []
    return LISTS[query.type](query, AlbumSelection(libraries=libraries), size)


def _random(_: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    return services().catalogue.albums.random_albums(selection, size)


def _newest(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    return _page(query, replace(selection, sort="added", descending=True), size)


def _by_name(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    return _page(query, replace(selection, sort="title"), size)


def _by_artist(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    return _page(query, replace(selection, sort="artist"), size)


def _by_year(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    if query.fromYear is None or query.toYear is None:
        raise MissingParameter("Required parameter is missing: fromYear and toYear.")
    descending = query.fromYear > query.toYear
    return _page(query, replace(selection, years=_years(query), sort="year", descending=descending), size)


def _by_genre(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    if query.genre is None:
        raise MissingParameter("Required parameter is missing: genre.")
    return _page(query, replace(selection, genres=(query.genre,), sort="title"), size)


def _page(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    return services().catalogue.albums.albums(selection, offset=query.offset, limit=size).albums


def _of_listener(order: HeardOrder) -> AlbumList:
    def listed(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
        name, catalogue = listener(), services().catalogue
        if name is None:
            return []
        ids = catalogue.heard_albums.ids(name, order, selection.libraries, offset=query.offset, limit=size)
        found = catalogue.albums.albums_by_id(ids, selection.libraries)
        return [found[each] for each in ids if each in found]

    return listed


def _starred(query: AlbumListQuery, selection: AlbumSelection, size: int) -> list[Album]:
    name, catalogue = listener(), services().catalogue
    stars = [] if name is None else list(catalogue.annotations.starred(name, ItemKind.ALBUM))
    found = catalogue.albums.albums_by_id(stars, selection.libraries)
    return [found[each] for each in stars if each in found][query.offset : query.offset + size]


def _years(query: AlbumListQuery | RandomSongsQuery) -> Range:
    """Return the years between two ends, whichever is first."""
    ends = [year for year in (query.fromYear, query.toYear) if year is not None]
    if len(ends) == 1:
        return Range(min=query.fromYear, max=query.toYear)
    return Range(min=min(ends), max=max(ends))


LISTS: dict[str, AlbumList] = {
    "random": _random,
    "newest": _newest,
    "alphabeticalByName": _by_name,
    "alphabeticalByArtist": _by_artist,
    "byYear": _by_year,
    "byGenre": _by_genre,
    "starred": _starred,
    **{order.value: _of_listener(order) for order in HeardOrder},
}

METHODS = (
    Method("getAlbumList", AlbumListQuery, get_album_list, "List albums as folders", READS),
    Method("getAlbumList2", AlbumListQuery, get_album_list_2, "List albums", READS),
    Method("getRandomSongs", RandomSongsQuery, get_random_songs, "Get random songs", READS),
    Method("getSongsByGenre", SongsByGenreQuery, get_songs_by_genre, "Get the songs of a genre", READS),
)
