"""The recommender: resolves names, makes a taste, asks the index, explains the answer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.catalog.database import now as present
from services.catalog.tracks import TrackStore
from services.domain.errors import InvalidRequest, TrackNotFound
from services.domain.filters import Filters
from services.domain.listening import Answer, ListenEvent, Recommendation
from services.index import Query, VectorIndex
from services.recommend.explain import because_of
from services.recommend.rank import Wishes, questions, rank
from services.recommend.taste import profile_of
from services.recommend.weights import weights_of

POOL = 100
"""Candidates of each taste: enough to choose among after caps, duplicates and diversity."""


class Recommender:
    """Answers from the catalogue's embeddings and the vector index."""

    def __init__(self, tracks: TrackStore, index: VectorIndex, clock: Callable[[], datetime] = present) -> None:
        self._tracks = tracks
        self._index = index
        self._clock = clock

    def similar(
        self, track_id: str, *, limit: int, filters: Filters | None = None, exclude: Iterable[str] = ()
    ) -> tuple[Recommendation, ...]:
        """The tracks that feel most like one track, which itself is left out.

        Raises:
            TrackNotFound: no track has this id.
            InvalidRequest: the track is not analysed (yet).
            IndexUnavailable: the vector index does not answer.
        """
        names = self._tracks.resolve([track_id, *exclude])
        if track_id not in names:
            raise TrackNotFound(track_id)
        seed = names[track_id]
        embedded = self._tracks.embedded([seed])
        if seed not in embedded:
            track = self._tracks.get(seed)
            raise InvalidRequest(f"The track '{track_id}' has no analysis: its status is '{track.status}'.")
        query = Query(embedded[seed].vector, limit, filters or Filters(), frozenset(names.values()))
        [hits] = self._index.query([query])
        return tuple(Recommendation(hit.id, hit.score, because_of=(seed,)) for hit in hits)

    def recommend(
        self,
        history: Sequence[ListenEvent],
        *,
        limit: int,
        filters: Filters | None = None,
        exclude: Iterable[str] = (),
    ) -> Answer:
        """What to play after a listening history; its own tracks are left out.

        Ids that no ready track has are listed in the answer. A history that says nothing gives no tracks.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        left_out = tuple(exclude)
        asked = dict.fromkeys([*(event.track_id for event in history), *left_out])
        names = self._tracks.resolve(asked)
        heard = [replace(event, track_id=names[event.track_id]) for event in history if event.track_id in names]
        embedded = self._tracks.embedded(list({event.track_id for event in heard}))
        ready = {event.track_id for event in history if names.get(event.track_id) in embedded}
        known = ready | {name for name in left_out if name in names}
        unknown = tuple(name for name in asked if name not in known)
        durations = {track_id: track.duration_ms for track_id, track in embedded.items()}
        profile = profile_of(weights_of(heard, durations, now=self._clock()), embedded)
        if profile is None:
            return Answer(recommendations=(), unknown=unknown)
        pool = max(POOL, 2 * limit)
        asked_of_index = [
            Query(vector, pool, filters or Filters(), frozenset(names.values())) for vector in questions(profile)
        ]
        found = {hit.id for hits in self._index.query(asked_of_index) for hit in hits}
        candidates = self._tracks.embedded(list(found))  # without a track that has just left the library
        choices = rank(list(candidates.values()), profile, embedded, Wishes(limit=limit))
        recommendations = tuple(
            Recommendation(
                choice.candidate.id,
                choice.score,
                because_of(profile.tastes[choice.taste], embedded, choice.candidate.vector),
            )
            for choice in choices
        )
        return Answer(recommendations, unknown)
