"""Choose pairs of tracks for blind comparisons: one that Segue finds, and one of a baseline."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from random import Random, SystemRandom

from services.catalog import Catalogue
from services.domain.comparison import Baseline, Pair
from services.domain.errors import IndexUnavailable, InvalidRequest
from services.domain.filters import Filters, music_only
from services.domain.library import Selection
from services.domain.names import text_key
from services.domain.track import Track, TrackStatus
from services.recommend.recommender import Recommender

TRIES = 32
"""Tracks that are tried until one has a pair: a track may be the only one of its genre."""

NEIGHBOURS = 50
"""Nearest tracks among which one of another artist is looked for."""

RANDOM_TRACKS = 20
"""Random tracks of a genre among which one of another artist is looked for."""


class Comparer:
    """Chooses pairs.

    Both tracks are by other artists than the track that they are compared with, and than each other: who knows the
    artists would otherwise know which one Segue chose.
    """

    def __init__(self, catalogue: Catalogue, recommender: Recommender, random: Random | None = None) -> None:
        self._catalogue = catalogue
        self._recommender = recommender
        self._random = random or SystemRandom()

    def pair(self, filters: Filters) -> Pair:
        """Return a pair among the tracks that meet these filters, for a random track.

        Raises:
            InvalidRequest: the library has no pair.
            IndexUnavailable: the vector index does not answer.
        """
        allowed = music_only(filters)
        ready = Selection(statuses=(TrackStatus.READY,), filters=allowed)
        for track in self._catalogue.browsing.random(ready, TRIES):
            for baseline in self._baselines():
                found = self._pair(track, baseline, allowed)
                if found is not None:
                    return found
        raise InvalidRequest("There are too few analysed tracks by different artists to compare. Add more music.")

    def _baselines(self) -> list[Baseline]:
        """Return the baselines in the order in which to try them."""
        baselines = [Baseline.GENRE, Baseline.MODEL] if self._other_versions() else [Baseline.GENRE]
        self._random.shuffle(baselines)
        return baselines

    def _other_versions(self) -> list[str]:
        view = self._catalogue.spaces.view()
        return [each for each in view.others if each in view.filled]

    def _pair(self, track: Track, baseline: Baseline, filters: Filters) -> Pair | None:
        neighbours = self._neighbours(track, filters)
        if baseline == Baseline.GENRE:
            version = None
            pairs = self._against_genre(track, neighbours, filters)
        else:
            version = self._random.choice(self._other_versions())
            pairs = self._against_model(track, neighbours, filters, version)
        found = next(pairs, None)
        if found is None:
            return None
        segue, other = found
        return Pair(
            track_id=track.id,
            segue_id=segue.id,
            baseline_id=other.id,
            baseline=baseline,
            segue_first=self._random.random() < 0.5,  # noqa: PLR2004  each side as often as the other
            model_version=self._catalogue.spaces.view().served or "",
            other_version=version,
        )

    def _neighbours(self, track: Track, filters: Filters) -> list[Track]:
        """Return the nearest tracks by other artists, nearest first."""
        hits = self._recommender.similar(track.id, limit=NEIGHBOURS, filters=filters)
        known = self._catalogue.tracks.get_many([hit.track_id for hit in hits])
        found = (known[hit.track_id] for hit in hits if hit.track_id in known)
        return [each for each in found if _is_by_others(each, track)]

    def _against_genre(
        self, track: Track, neighbours: Sequence[Track], filters: Filters
    ) -> Iterator[tuple[Track, Track]]:
        """Yield the nearest track with random ones of the same genre: those of the tags first, then those heard."""
        if not neighbours:
            return
        for genre in (*track.genres, *track.tags):
            same = replace(filters, any_of={**filters.any_of, "genre": (genre,)})
            chosen = Selection(statuses=(TrackStatus.READY,), filters=same)
            for other in self._catalogue.browsing.random(chosen, RANDOM_TRACKS):
                if _is_by_others(other, track) and _is_by_others(other, neighbours[0]):
                    yield neighbours[0], other

    def _against_model(
        self, track: Track, neighbours: Sequence[Track], filters: Filters, version: str
    ) -> Iterator[tuple[Track, Track]]:
        """Yield the tracks at the same place where the two models differ, nearest first."""
        try:
            with self._catalogue.spaces.reading(version):
                others = self._neighbours(track, filters)
        except (IndexUnavailable, InvalidRequest):  # the track or the index is not there yet
            return
        for own, other in zip_longest(neighbours, others):
            if own is None or other is None:
                return
            if _is_by_others(own, other):
                yield own, other


def _is_by_others(one: Track, other: Track) -> bool:
    """Return whether two tracks have no artist in common. Tracks without artists have none."""
    artists = ({text_key(artist.name) for artist in each.artists} for each in (one, other))
    return one.id != other.id and next(artists).isdisjoint(next(artists))
