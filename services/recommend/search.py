"""From a profile to chosen tracks: asks the index, reads the candidates, ranks them, looks deeper where it must."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.listening import Profile, Taste
from services.domain.track import Embedded, Vector
from services.index import Hit, Query, VectorIndex
from services.recommend.duplicates import distinct, unheard
from services.recommend.rank import Choice, RankingOptions, Setting, questions, rank
from services.recommend.sample import LibrarySample
from services.recommend.seeds import sides
from services.recommend.targets import around

POOL_PER_TASTE = 60
"""Candidates of each taste: enough to choose among after caps, duplicates and diversity."""

WIDENING = 4
"""How much deeper the index is asked where an answer is not full."""

SPARE = 10
"""How many more of the nearest than are wanted are looked at: some are other encodings of one recording."""

ANYWHERE = 8
"""Where nothing is known of a listener, the answer is drawn from this many directions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is to be chosen.

    Attributes:
        profile: What the listener likes.
        heard: Tracks of the profile's plays, and others.
        filters: What every track must meet.
        exclude: Ids that are not to be chosen.
        known: Recordings of which no other encoding is to be chosen.
        among: Where it is given, no other ids are chosen.
        options: What the choice should be like.
        measured: Whether what was measured of the candidates is wanted.
        setting: What was answered before; the sample of the library is put in here.
    """

    profile: Profile
    heard: Mapping[str, Embedded]
    filters: Filters
    exclude: frozenset[str]
    known: Sequence[Embedded]
    options: RankingOptions
    among: Collection[str] | None = None
    measured: bool = False
    setting: Setting = field(default_factory=Setting)


@dataclass(frozen=True, slots=True)
class Found:
    """What was chosen, and the candidates it was chosen from."""

    choices: list[Choice]
    candidates: list[Embedded]


class Searcher:
    """Asks the vector index; metadata and vectors come from the catalogue."""

    def __init__(self, tracks: TrackStore, index: VectorIndex) -> None:
        self._tracks = tracks
        self._index = index
        self._sample = LibrarySample(tracks)

    def choose(self, search: Search) -> Found:
        """As many tracks as are wished for whenever enough qualify.

        No artist comes twice in a row if there are others, provided that an `artist_gap` is wished for.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        pool = max(POOL_PER_TASTE, 2 * search.options.limit)
        measured = bool(search.options.targets) or search.measured
        setting = replace(search.setting, sample=self._sample.get())
        crowding: frozenset[str] = frozenset()
        while True:
            answers = self._index.query(_queries(search, pool, crowding))
            found = list({hit.id for hits in answers for hit in hits if search.among is None or hit.id in search.among})
            # Read from the catalogue: without a track that has just left the library.
            known = self._tracks.embedded(found, measured=measured)
            candidates = unheard(known.values(), search.known)
            choices = rank(candidates, search.profile, search.heard, search.options, setting)
            crowded = _in_a_row(search, choices) - crowding
            full = len(choices) >= search.options.limit
            exhausted = all(len(hits) < pool for hits in answers)
            if (full or exhausted) and (exhausted or not crowded):
                return Found(choices, candidates)
            crowding |= crowded
            pool *= 1 if full else WIDENING

    def nearest(
        self, vector: Vector, limit: int, filters: Filters, exclude: frozenset[str], known: Collection[Embedded]
    ) -> list[Hit]:
        """The tracks nearest to a vector, each recording once and none of the known: `limit` if enough qualify.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        pool = limit + SPARE
        while True:
            [hits] = self._index.query([Query(vector, pool, filters, exclude)])
            found = self._tracks.embedded([hit.id for hit in hits])
            new = unheard([found[hit.id] for hit in hits if hit.id in found], known)
            answered = [track.id for track in distinct(new)[:limit]]
            if len(answered) == limit or len(hits) < pool:
                by_id = {hit.id: hit for hit in hits}
                return [by_id[track_id] for track_id in answered]
            pool *= WIDENING


def _queries(search: Search, pool: int, crowding: frozenset[str]) -> list[Query]:
    queries = [Query(vector, pool, search.filters, search.exclude) for vector in questions(search.profile)]
    aimed = around(search.filters, search.options.targets) if search.options.targets else None
    queries += [replace(query, filters=aimed) for query in queries] if aimed else []
    # Whose tracks fill the pool so that nobody else's are left between them: ask for others, too.
    return queries + ([replace(query, filters=without(query.filters, crowding)) for query in queries] * bool(crowding))


def _in_a_row(search: Search, choices: list[Choice]) -> frozenset[str]:
    """Artists that follow themselves although gaps are wished for."""
    if not search.options.artist_gap:
        return frozenset()
    order = [*search.setting.tracks[-1:], *(choice.candidate for choice in choices)]
    artists = [track.performer for track in order]
    return frozenset(artist for artist, following in pairwise(artists) if artist is not None and artist == following)


def without(filters: Filters, artists: frozenset[str]) -> Filters:
    """The same conditions, and none of these artists."""
    if not artists:
        return filters
    unwanted = (*filters.none_of.get("artist", ()), *sorted(artists))
    return replace(filters, none_of={**filters.none_of, "artist": unwanted})


def anywhere(seed: int) -> Profile:
    """Directions from all over the vibe space, the same ones for the same seed."""
    return Profile(tuple(Taste(vector, 1.0, ()) for vector in sides(seed, ANYWHERE)), ())
