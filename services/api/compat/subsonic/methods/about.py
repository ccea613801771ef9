"""What is known about artists and albums, without asking other services, and the progress of scans."""

from services.api.compat.subsonic.groups import as_artist, as_artist_folder
from services.api.compat.subsonic.method import READS, SCANS, SEARCHES, Method, Result
from services.api.compat.subsonic.methods.browsing import GroupNotFound, artist_named
from services.api.compat.subsonic.methods.searching import LISTED
from services.api.compat.subsonic.schemas.about import AboutQuery, ArtistInfoQuery, TopSongsQuery
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import visible_filters, visible_track, visible_within
from services.api.context import services
from services.api.libraries import scan_roots
from services.domain.filters import Filters
from services.domain.library import ALBUM_PREFIX, ARTIST_PREFIX, Artist, Selection
from services.domain.question import RESULTS_MAX
from services.domain.track import Track
from services.ingest.scan import request_scan
from services.recommend.artists import similar_artists


def get_top_songs(query: TopSongsQuery) -> Result:
    """Get the most typical songs of an artist: those nearest to the centre of the artist's songs."""
    tracks = services().catalogue.albums.typical(artist_named(query.artist), visible_within())
    return {"topSongs": {"song": as_songs(tracks[: query.count])}}


def get_artist_info(query: ArtistInfoQuery) -> Result:
    """Get artists of the library that are similar to an artist, an album's artist or a song's artist, as folders."""
    return {"artistInfo": {"similarArtist": [as_artist_folder(each) for each in _similar_artists(query)]}}


def get_artist_info_2(query: ArtistInfoQuery) -> Result:
    """Get artists of the library that are similar to an artist, an album's artist or a song's artist."""
    return {"artistInfo2": {"similarArtist": [as_artist(each) for each in _similar_artists(query)]}}


def get_album_info(query: AboutQuery) -> Result:
    """Get the MusicBrainz release of an album, if the tags name one."""
    mbid = next((track.release_mbid for track in _tracks_of(query.id) if track.release_mbid), None)
    return {"albumInfo": {} if mbid is None else {"musicBrainzId": mbid}}


def get_scan_status(_: SubsonicQuery) -> Result:
    """Get whether a scan runs, and the number of songs that the request may see."""
    catalogue = services().catalogue
    songs = catalogue.browsing.count(Selection(statuses=LISTED, filters=visible_filters(Filters())))
    return {"scanStatus": {"scanning": bool(catalogue.jobs.unfinished()), "count": songs}}


def start_scan(query: SubsonicQuery) -> Result:
    """Scan all folders of the library again. This needs a key with the scope `ingest`."""
    for folder in sorted(services().catalogue.folders.scanned()):
        request_scan(services().catalogue, services().queue, folder, scan_roots(folder))
    return get_scan_status(query)


def _similar_artists(query: ArtistInfoQuery) -> list[Artist]:
    name = _artist_name(query.id)
    if name is None or not query.count:
        return []
    current, libraries = services(), visible_within()
    limit = min(query.count, RESULTS_MAX)
    found = similar_artists(current.recommender, current.index, current.catalogue.tracks, name, limit)
    known = current.catalogue.albums.artists_by_id([each.id for each in found], libraries)
    return [known[each.id] for each in found if each.id in known]


def _artist_name(item: str) -> str | None:
    found = services().catalogue.albums.artists_by_id([item], visible_within())
    if item in found:
        return found[item].name
    tracks = _tracks_of(item)
    return tracks[0].artists[0].name if tracks and tracks[0].artists else None


def _tracks_of(item: str) -> list[Track]:
    """Return the tracks of an album, or a song; raises `NotFound` for any other id."""
    album = services().catalogue.albums.album(item, visible_within())
    if album is not None:
        return album[1]
    if item.startswith((ALBUM_PREFIX, ARTIST_PREFIX)):
        raise GroupNotFound("artist or album", item)
    return [services().catalogue.tracks.get(visible_track(item)[0])]


METHODS = (
    Method("getTopSongs", TopSongsQuery, get_top_songs, "Get the typical songs of an artist", READS),
    Method("getArtistInfo", ArtistInfoQuery, get_artist_info, "Get similar artists as folders", SEARCHES),
    Method("getArtistInfo2", ArtistInfoQuery, get_artist_info_2, "Get similar artists", SEARCHES),
    Method("getAlbumInfo", AboutQuery, get_album_info, "Get what is known about an album's folder", READS),
    Method("getAlbumInfo2", AboutQuery, get_album_info, "Get what is known about an album", READS),
    Method("getScanStatus", SubsonicQuery, get_scan_status, "Get the progress of scans", READS),
    Method("startScan", SubsonicQuery, start_scan, "Scan the library", SCANS),
)
