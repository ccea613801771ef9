"""What a listener says of songs, albums and artists: stars, ratings, plays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.api.compat.subsonic.auth import MissingParameter
from services.api.compat.subsonic.groups import as_album, as_album_folder, as_artist, as_artist_folder
from services.api.compat.subsonic.method import CHANGES, LISTENS, PLAYS, Method, Result
from services.api.compat.subsonic.methods.browsing import GroupNotFound
from services.api.compat.subsonic.schemas.annotations import RatingQuery, ScrobbleQuery, StarQuery, StarredQuery
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import (
    required_ids,
    required_listener,
    visible_ids,
    visible_tracks,
    visible_within,
)
from services.api.context import services
from services.api.playing import note_playing, playing_tracks
from services.api.request_limits import TIME_AHEAD
from services.api.security.authentication import principal
from services.domain.annotations import ItemKind
from services.domain.errors import InvalidRequest, TrackNotFound
from services.domain.library import ALBUM_PREFIX, ARTIST_PREFIX, Album, Artist
from services.domain.listening import NewListen

Starred = dict[ItemKind, list[str]]


class TimeAhead(InvalidRequest):
    """A play is in the future."""

    def __init__(self) -> None:
        super().__init__("The time of a play is in the future. `time` is in milliseconds since 1970, in UTC.")


def star(query: StarQuery) -> Result:
    """Star songs, albums and artists. A star of a song is a like, which recommendations use."""
    name, starred = required_listener(), _selected(query)
    _check_groups(starred)
    for kind, items in starred.items():
        services().catalogue.annotations.star(name, kind, items)
    return {}


def unstar(query: StarQuery) -> Result:
    """Remove the stars of songs, albums and artists."""
    name = required_listener()
    for kind, items in _selected(query).items():
        services().catalogue.annotations.unstar(name, kind, items)
    return {}


def set_rating(query: RatingQuery) -> Result:
    """Rate a song, an album or an artist. For recommendations, 4 and 5 are a like of a song, and 1 is a dislike."""
    name = required_listener()
    kind = _kind_of(query.id)
    items = required_ids([query.id]) if kind == ItemKind.SONG else [query.id]
    _check_groups({kind: items})
    services().catalogue.annotations.rate(name, kind, items[0], query.rating or None)
    return {}


def scrobble(query: ScrobbleQuery) -> Result:
    """Report that songs were played, or with `submission=false` that one starts to play. You can repeat a report.

    Unknown songs are left out if any other is known, so that a player with a list of earlier plays can go on.
    """
    name, now = required_listener(), datetime.now(UTC)
    times = [datetime.fromtimestamp(each / 1000, UTC) for each in query.time]
    if any(at > now + TIME_AHEAD for at in times):
        raise TimeAhead
    known = visible_ids(query.id)
    listens = [
        NewListen(names=(known[song_id],), at=times[place] if place < len(times) else now)
        for place, song_id in enumerate(query.id)
        if song_id in known
    ]
    if not listens:
        raise TrackNotFound(query.id[0])
    if query.submission:
        services().catalogue.listens.add(name, listens)
    else:
        note_playing(name, NewListen(names=listens[0].names, at=now), query.c)
    return {}


def get_starred(query: StarredQuery) -> Result:
    """List your starred songs, albums and artists; albums and artists are folders. The latest stars are first."""
    return {"starred": _starred(query, as_artist_folder, as_album_folder)}


def get_starred_2(query: StarredQuery) -> Result:
    """List your starred songs, albums and artists. The latest stars are first. Liked songs are starred."""
    return {"starred2": _starred(query, as_artist, as_album)}


def get_now_playing(_: SubsonicQuery) -> Result:
    """List the songs that play now: those of all users, or of the listeners of your account or key."""
    found = playing_tracks(services(), principal().listeners)[0]
    known = visible_tracks([each.track_id for each in found if each.track_id is not None])
    playing = [each for each in found if each.track_id in known]
    songs = as_songs([known[each.track_id] for each in playing if each.track_id is not None])
    now = datetime.now(UTC)
    entries = [
        {
            **song,
            "username": each.listener,
            "minutesAgo": max(0, (now - each.started_at) // timedelta(minutes=1)),
            "playerId": place,
            **({} if each.client is None else {"playerName": each.client}),
        }
        for place, (each, song) in enumerate(zip(playing, songs, strict=True), start=1)
    ]
    return {"nowPlaying": {"entry": entries}}


def _kind_of(item: str) -> ItemKind:
    if item.startswith(ALBUM_PREFIX):
        return ItemKind.ALBUM
    return ItemKind.ARTIST if item.startswith(ARTIST_PREFIX) else ItemKind.SONG


def _selected(query: StarQuery) -> Starred:
    """Return the selected items by kind, songs as track ids.

    Raises:
        MissingParameter: nothing is selected.
        TrackNotFound: a song does not exist, or the request may not see it.
    """
    found: Starred = {ItemKind.SONG: [], ItemKind.ALBUM: list(query.albumId), ItemKind.ARTIST: list(query.artistId)}
    for item in query.id:
        found[_kind_of(item)].append(item)
    if not any(found.values()):
        raise MissingParameter("Required parameter is missing: id, albumId or artistId.")
    found[ItemKind.SONG] = required_ids(found[ItemKind.SONG])
    return found


def _check_groups(selected: Starred) -> None:
    """Check that albums and artists exist, and that the request may see them.

    Raises:
        GroupNotFound: one does not.
    """
    albums, libraries = services().catalogue.albums, visible_within()
    for kind, read in ((ItemKind.ALBUM, albums.albums_by_id), (ItemKind.ARTIST, albums.artists_by_id)):
        items = selected.get(kind, [])
        known = read(items, libraries) if items else {}
        for item in items:
            if item not in known:
                raise GroupNotFound(kind.value, item)


def _starred(query: StarredQuery, artist: Callable[[Artist], Result], album: Callable[[Album], Result]) -> Result:
    name, albums = required_listener(), services().catalogue.albums
    libraries = visible_within(query.musicFolderId)
    stars = {kind: list(services().catalogue.annotations.starred(name, kind)) for kind in ItemKind}
    artists = albums.artists_by_id(stars[ItemKind.ARTIST], libraries)
    groups = albums.albums_by_id(stars[ItemKind.ALBUM], libraries)
    return {
        "artist": [artist(artists[each]) for each in stars[ItemKind.ARTIST] if each in artists],
        "album": [album(groups[each]) for each in stars[ItemKind.ALBUM] if each in groups],
        "song": as_songs(visible_tracks(stars[ItemKind.SONG], query.musicFolderId).values()),
    }


METHODS = (
    Method("star", StarQuery, star, "Star songs, albums and artists", CHANGES),
    Method("unstar", StarQuery, unstar, "Remove stars", CHANGES),
    Method("setRating", RatingQuery, set_rating, "Rate a song, an album or an artist", CHANGES),
    Method("scrobble", ScrobbleQuery, scrobble, "Report plays", PLAYS),
    Method("getStarred", StarredQuery, get_starred, "List what is starred, as folders", LISTENS),
    Method("getStarred2", StarredQuery, get_starred_2, "List what is starred", LISTENS),
    Method("getNowPlaying", SubsonicQuery, get_now_playing, "List what plays now", LISTENS),
)
