"""Similar tracks and artists, paths and a search, as AudioMuse-AI's clients ask for them."""

from flask import Blueprint

from services.api.answers import open_answer, record_similar
from services.api.compat.audiomuse.schemas import (
    MuseArtist,
    MuseArtists,
    MuseArtistsQuery,
    MuseHealth,
    MuseNeighbour,
    MuseNeighbours,
    MusePath,
    MusePathQuery,
    MuseSearchQuery,
    MuseSimilarQuery,
    MuseTrack,
    MuseTracks,
)
from services.api.compat.ids import Namespace, media_server_track, rejected_tracks, servers_named
from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import PAGE_DEFAULT
from services.api.security.authentication import optional
from services.api.security.permissions import API_KEY_HEADER, BEARER, Access, public, set_default_access
from services.domain.access import Scope
from services.domain.errors import InvalidRequest, NotFound, TrackNotFound
from services.domain.filters import Filters, music_only
from services.domain.question import RESULTS_MAX
from services.domain.recommendation_log import AnswerKind
from services.domain.track import Track
from services.recommend.artists import similar_artists

audiomuse = Blueprint("audiomuse", __name__, url_prefix="/api")
set_default_access(audiomuse, Access((Scope.READ,), key_locations=(optional(BEARER), API_KEY_HEADER), expensive=True))

MUSIC = music_only(Filters())


class NoSimilarArtists(NotFound):
    """The library has no analysed track of the artist, or no other artist."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No artist is similar to '{name}': the library has no analysed track of this or another artist."
        )


@audiomuse.get("/health")
@operation("museHealth", "Check that the service responds (AudioMuse-AI)", returns=MuseHealth)
@public
def get_health() -> MuseHealth:
    """Check that the service responds. No key is needed."""
    return MuseHealth()


@audiomuse.get("/similar_tracks")
@operation("museSimilarTracks", "Get similar tracks (AudioMuse-AI)", query=MuseSimilarQuery, returns=MuseNeighbours)
def get_similar_tracks(query: MuseSimilarQuery) -> MuseNeighbours:
    """Get the tracks that are most similar to a track. The track itself is left out.

    If the track's id is one of a linked server, tracks that this server does not have are left out.
    """
    if query.item_id:
        track_id, namespace = media_server_track(query.item_id, query.server)
    elif query.title or query.artist:
        track_id, namespace = _titled(query.title, query.artist, query.server)
    else:
        raise InvalidRequest("`item_id` is required, or else `title` and `artist`.")
    entry, excluded = open_answer(AnswerKind.SIMILAR), rejected_tracks()
    found = services().recommender.similar(track_id, limit=RESULTS_MAX, filters=MUSIC, exclude=excluded)
    known = services().catalogue.tracks.get_many([each.track_id for each in found])
    shown = [
        each
        for each in found
        if each.track_id in known and (namespace.name is None or namespace.has(known[each.track_id]))
    ][: query.n]
    record_similar(entry, track_id, MUSIC, shown, excluded)
    return MuseNeighbours(
        [
            MuseNeighbour(**_track(known[each.track_id], namespace).model_dump(), distance=1 - each.score)
            for each in shown
        ]
    )


@audiomuse.get("/find_path")
@operation("museFindPath", "Find a path between two tracks (AudioMuse-AI)", query=MusePathQuery, returns=MusePath)
def find_path(query: MusePathQuery) -> MusePath:
    """Get a smooth path from one track to another, both included."""
    start, namespace = media_server_track(query.start_song_id, query.server)
    end, _ = media_server_track(query.end_song_id, query.server)
    steps = services().paths.between(start, end, steps=min(query.max_steps, RESULTS_MAX), filters=MUSIC)
    known = services().catalogue.tracks.get_many([step.track_id for step in steps])
    return MusePath(
        path=[_track(known[step.track_id], namespace) for step in steps if step.track_id in known],
        total_distance=sum(1 - step.similarity for step in steps),
    )


@audiomuse.get("/similar_artists")
@operation("museSimilarArtists", "Get similar artists (AudioMuse-AI)", query=MuseArtistsQuery, returns=MuseArtists)
def get_similar_artists(query: MuseArtistsQuery) -> MuseArtists:
    """Get the artists whose music is most similar to an artist's."""
    made = services()
    found = similar_artists(made.recommender, made.index, made.catalogue.tracks, query.artist, query.n)
    if not found:
        raise NoSimilarArtists(query.artist)
    return MuseArtists([MuseArtist(artist=artist.name) for artist in found])


@audiomuse.get("/search_tracks")
@operation("museSearchTracks", "Find tracks by name (AudioMuse-AI)", query=MuseSearchQuery, returns=MuseTracks)
def search_tracks(query: MuseSearchQuery) -> MuseTracks:
    """Find analysed tracks whose titles and artists have all words, the best matches first.

    If the linked servers have some of them, the others are left out. The ids are those of the first of these servers.
    """
    servers, found = servers_named(query.server), _named(query.words)
    namespace = next((Namespace(name) for name in servers if any(name in track.ids for track in found)), Namespace())
    shown = [track for track in found if namespace.name is None or namespace.has(track)]
    return MuseTracks([_track(track, namespace) for track in shown[:PAGE_DEFAULT]])


def _titled(title: str, artist: str, server: str) -> tuple[str, Namespace]:
    """Return the track that a title and an artist name, and the first linked server that has it.

    Raises:
        LinkNotFound: no linked server is named `server`.
        TrackNotFound: no analysed track has these names.
    """
    named, servers = f"{title} {artist}".strip(), servers_named(server)
    found = _named(named)
    if not found:
        raise TrackNotFound(named)
    namespace = next((Namespace(name) for name in servers if name in found[0].ids), Namespace())
    return found[0].id, namespace


def _named(words: str) -> list[Track]:
    ids = [named.track_id for named in services().finder.named(words, MUSIC)][:RESULTS_MAX]
    known = services().catalogue.tracks.get_many(ids)
    return [known[each] for each in ids if each in known]


def _track(track: Track, namespace: Namespace) -> MuseTrack:
    return MuseTrack(
        item_id=namespace.id_of(track), title=track.title, author=track.artist or "", album=track.album or ""
    )
