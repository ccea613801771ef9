"""The library by albums, artists and genres, and the distribution of its values."""

from flask import Blueprint, request

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.library import (
    Album,
    AlbumPage,
    AlbumPageQuery,
    AlbumWithTracks,
    Artist,
    ArtistPage,
    ArtistPageQuery,
    ArtistWithTracks,
    Attribute,
    Attributes,
    Genres,
    GenreSource,
)
from services.api.schemas.tracks import Track
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.errors import NotFound

library = Blueprint("library", __name__, url_prefix="/v1")


class AlbumNotFound(NotFound):
    """No track belongs to the album."""

    def __init__(self, album_id: str) -> None:
        super().__init__(f"There is no album '{album_id}'. `GET /v1/albums` lists the albums.")


class ArtistNotFound(NotFound):
    """No track is by the artist."""

    def __init__(self, artist_id: str) -> None:
        super().__init__(f"There is no artist '{artist_id}'. `GET /v1/artists` lists the artists.")


@library.get("/albums")
@operation("listAlbums", "List or search the albums", query=AlbumPageQuery, returns=AlbumPage)
@needs(Scope.READ)
def list_albums(query: AlbumPageQuery) -> AlbumPage:
    """List, sort and filter the albums. Files without an album title belong to no album."""
    page = services().catalogue.albums.albums(query.selection(), offset=query.offset, limit=query.limit)
    return AlbumPage(albums=[Album.of(album, request.script_root) for album in page.albums], total=page.total)


@library.get("/albums/<album_id>")
@operation("getAlbum", "Get an album", returns=AlbumWithTracks)
@needs(Scope.READ)
def get_album(album_id: str) -> AlbumWithTracks:
    """Get an album with its tracks, ordered by disc and track number."""
    found = services().catalogue.albums.album(album_id)
    if found is None:
        raise AlbumNotFound(album_id)
    album, tracks = found
    return AlbumWithTracks.of(album, request.script_root, items=[Track.of(track) for track in tracks])


@library.get("/artists")
@operation("listArtists", "List or search the artists", query=ArtistPageQuery, returns=ArtistPage)
@needs(Scope.READ)
def list_artists(query: ArtistPageQuery) -> ArtistPage:
    """List and sort the artists of the tracks.

    Names that differ only in case, accents or punctuation are one artist.
    """
    page = services().catalogue.albums.artists(query.selection(), offset=query.offset, limit=query.limit)
    return ArtistPage(artists=[Artist.of(artist, request.script_root) for artist in page.artists], total=page.total)


@library.get("/artists/<artist_id>")
@operation("getArtist", "Get an artist", returns=ArtistWithTracks)
@needs(Scope.READ)
def get_artist(artist_id: str) -> ArtistWithTracks:
    """Get an artist with the albums and the most typical tracks."""
    albums = services().catalogue.albums
    found = albums.artist(artist_id)
    if found is None:
        raise ArtistNotFound(artist_id)
    artist, discography = found
    return ArtistWithTracks.of(
        artist,
        request.script_root,
        discography=[Album.of(album, request.script_root) for album in discography],
        items=[Track.of(track) for track in albums.typical(artist_id)],
    )


@library.get("/genres")
@operation("listGenres", "List the genres", returns=Genres)
@needs(Scope.READ)
def list_genres() -> Genres:
    """List the genres that files name and the tags that are heard. The filter `genre` accepts both."""
    browsing = services().catalogue.browsing
    named = [GenreSource(name=each.name, tracks=each.tracks, source="file") for each in browsing.file_genres()]
    heard = [GenreSource(name=each.name, tracks=each.tracks, source="heard") for each in browsing.heard_tags()]
    return Genres(genres=named + heard)


@library.get("/attributes")
@operation("listAttributes", "Get the distribution of all values", returns=Attributes)
@needs(Scope.READ)
def list_attributes() -> Attributes:
    """Get a histogram of each number that filters can use, over the tracks with a known value.

    Attributes range from 0 to 1. The other histograms leave out half a percent of the tracks at each end.
    """
    return Attributes(attributes=[Attribute.of(each) for each in services().catalogue.browsing.histograms()])
