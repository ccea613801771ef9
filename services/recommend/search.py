"""Search the index for candidates and rank them, with larger searches until the answer is full."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.listening import Profile, Taste
from services.domain.track import Embedded, Vector
from services.domain.words import WeightedVector
from services.index import Hit, Query, VectorSearch
from services.recommend.duplicates import distinct, without_copies
from services.recommend.penalties import LibrarySample, Sample, near_targets
from services.recommend.rank import Choice, RankingContext, RankingOptions, query_vectors, rank
from services.recommend.seeds import random_directions
from services.recommend.steering import Steering
from services.telemetry.stages import Part, recommendation_part

POOL_PER_TASTE = 60
"""Candidates of each taste: enough to choose from after maxima, duplicates and diversity."""

POOL_GROWTH = 4
"""Factor by which the pool grows if an answer is not full."""

EXTRA_NEIGHBOURS = 10
"""Neighbours that are searched in addition to the limit, because some are other encodings of one recording."""

RANDOM_DIRECTIONS = 8
"""Number of random directions from which the answer comes if nothing is known of a listener."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search.

    Attributes:
        profile: Tastes and negatives of the listener.
        tracks: The tracks of the profile's plays, and others, by id.
        filters: Conditions that every track must meet.
        exclude: Ids that must not be chosen.
        excluded_recordings: Recordings of which no other encoding must be chosen.
        only: If given, no other ids are chosen.
        options: Options of the ranking.
        with_measured: Whether to read what was measured of the candidates.
        context: The previous tracks; the sample of the library is added by the search.
    """

    profile: Profile
    tracks: Mapping[str, Embedded]
    filters: Filters
    exclude: frozenset[str]
    excluded_recordings: Sequence[Embedded]
    options: RankingOptions
    only: Collection[str] | None = None
    with_measured: bool = False
    context: RankingContext = field(default_factory=RankingContext)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The choices, and the candidates that they were chosen from."""

    choices: list[Choice]
    candidates: list[Embedded]


class Searcher:
    """Queries the vector index; metadata and vectors come from the catalogue."""

    def __init__(self, tracks: TrackStore, index: VectorSearch) -> None:
        self._tracks = tracks
        self._index = index
        self._sample = LibrarySample(tracks)

    @property
    def dimension(self) -> int:
        """Length of the vectors in the space that is read."""
        return self._index.dimension

    def choose(self, search: Search) -> SearchResult:
        """Choose `limit` tracks, or all that qualify if there are fewer.

        With an `artist_gap`, no artist comes twice in a row if tracks by others qualify; with `max_per_genre`, no
        genre has more tracks if enough tracks of other genres qualify.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        pool = max(POOL_PER_TASTE, 2 * search.options.limit)
        measured = bool(search.options.targets) or search.with_measured
        context = replace(search.context, sample=self._sample.get())
        crowding: frozenset[tuple[str, str]] = frozenset()
        while True:
            queries = _queries(search, pool, crowding, context.sample)
            with recommendation_part(Part.SEARCH):
                results = self._index.query(queries)
            found = list({hit.id for hits in results for hit in hits if search.only is None or hit.id in search.only})
            # The catalogue does not return a track that has just left the library.
            with recommendation_part(Part.CANDIDATES):
                known = self._tracks.embedded(found, measured=measured)
            candidates = without_copies(known.values(), search.excluded_recordings)
            choices = rank(candidates, search.profile, search.tracks, search.options, context)
            crowded = (_repeated_artists(search, choices) | _excess_genres(search, choices)) - crowding
            full = len(choices) >= search.options.limit
            exhausted = all(len(hits) < pool for hits in results)
            if (full or exhausted) and (exhausted or not crowded):
                return SearchResult(choices, candidates)
            crowding |= crowded
            pool *= 1 if full else POOL_GROWTH

    def steering(self, vectors: Sequence[WeightedVector]) -> Steering:
        """Return the vectors of a question with their level and spread in the library."""
        return Steering(vectors, self._sample.get())

    def nearest(
        self, vector: Vector, limit: int, filters: Filters, exclude: frozenset[str], known: Collection[Embedded]
    ) -> list[Hit]:
        """Return the `limit` tracks nearest to a vector, without copies of each other and of the known tracks.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        pool = limit + EXTRA_NEIGHBOURS
        while True:
            [hits] = self._index.query([Query(vector, pool, filters, exclude)])
            found = self._tracks.embedded([hit.id for hit in hits])
            new = without_copies([found[hit.id] for hit in hits if hit.id in found], known)
            nearest = [track.id for track in distinct(new)[:limit]]
            if len(nearest) == limit or len(hits) < pool:
                by_id = {hit.id: hit for hit in hits}
                return [by_id[track_id] for track_id in nearest]
            pool *= POOL_GROWTH


def _queries(search: Search, pool: int, crowding: frozenset[tuple[str, str]], sample: Sample) -> list[Query]:
    profile = search.profile
    shifted = query_vectors(profile, search.options.tuning.profile_weight)
    vectors = Steering(profile.vectors, sample, profile.tastes).shifted(shifted)
    queries = [Query(vector, pool, search.filters, search.exclude) for vector in vectors]
    targeted = near_targets(search.filters, search.options.targets) if search.options.targets else None
    queries += [replace(query, filters=targeted) for query in queries] if targeted else []
    if not crowding:
        return queries
    # Artists and genres whose tracks fill the pool leave no room for others, so each query is repeated without them.
    artists, genres = (frozenset(name for field_, name in crowding if field_ == each) for each in ("artist", "genre"))
    return queries + [replace(each, filters=_without(each.filters, artist=artists, genre=genres)) for each in queries]


def _repeated_artists(search: Search, choices: list[Choice]) -> frozenset[tuple[str, str]]:
    """Return as filters the artists that come twice in a row although an artist gap is desired."""
    if not search.options.artist_gap:
        return frozenset()
    order = [*search.context.previous[-1:], *(choice.candidate for choice in choices)]
    artists = [track.performer for track in order]
    return frozenset(("artist", one) for one, other in pairwise(artists) if one is not None and one == other)


def _excess_genres(search: Search, choices: list[Choice]) -> frozenset[tuple[str, str]]:
    """Return as filters the genres that have more tracks than `max_per_genre`."""
    if search.options.max_per_genre is None:
        return frozenset()
    counts = Counter(genre for choice in choices for genre in choice.candidate.genres)
    return frozenset(("genre", genre) for genre, count in counts.items() if count > search.options.max_per_genre)


def without_artists(filters: Filters, artists: frozenset[str]) -> Filters:
    """Return the filters with these artists excluded."""
    return _without(filters, artist=artists)


def _without(filters: Filters, **unwanted: frozenset[str]) -> Filters:
    """Return the filters with these values of keyword fields excluded."""
    added = {name: (*filters.none_of.get(name, ()), *sorted(values)) for name, values in unwanted.items() if values}
    return replace(filters, none_of={**filters.none_of, **added}) if added else filters


def random_profile(seed: int, dimension: int) -> Profile:
    """Return a profile of random tastes from the whole vibe space; the same seed gives the same profile."""
    return Profile(
        tuple(Taste(vector, 1.0, ()) for vector in random_directions(seed, RANDOM_DIRECTIONS, dimension)), ()
    )
