"""Artists whose music is similar to an artist's."""

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters, music_only
from services.domain.question import RESULTS_MAX, Question
from services.domain.track import NamedArtist
from services.index import VectorIndex
from services.recommend.recommender import Recommender
from services.recommend.seeds import by_artist, exemplars


def similar_artists(
    recommender: Recommender, index: VectorIndex, tracks: TrackStore, name: str, limit: int
) -> list[NamedArtist]:
    """Return at most `limit` artists of the tracks that follow an artist's tracks, the most similar first.

    The result is empty if the library has no analysed track of the artist.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    [seed] = exemplars(index, [by_artist(name)])
    question = Question(limit=RESULTS_MAX, filters=music_only(Filters(none_of={"artist": (name,)})))
    found = [each.track_id for each in recommender.seeded([seed], question)]
    known = tracks.get_many(found)
    artists: dict[str, NamedArtist] = {}
    for artist in (known[each].artists[0] for each in found if each in known and known[each].artists):
        artists.setdefault(artist.id, artist)
    return list(artists.values())[:limit]
