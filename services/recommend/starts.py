"""Starts of new listeners: find the tracks that stand for the chosen moods, artists and tracks."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.catalog.database import now as current_time
from services.catalog.tracks import TrackStore
from services.domain.errors import LIST_LIBRARY, InvalidRequest
from services.domain.listening import Start, StartPlay
from services.domain.question import Question
from services.index import VectorIndex
from services.recommend.recommender import Recommender
from services.recommend.seeds import by_artist, exemplars
from services.recommend.words import WordReader

MOOD_TRACKS = 8
"""Tracks that stand for a mood: enough that caps on artists and albums leave its kind of music, not one album."""

ARTIST_TRACKS_PER_DIRECTION = 3
"""Tracks of an artist drawn from each of four directions: up to 12, which cover the kinds of music of most artists."""


class Starter:
    """Resolves the choice of a new listener to tracks of the library."""

    def __init__(
        self,
        tracks: TrackStore,
        index: VectorIndex,
        recommender: Recommender,
        words: WordReader,
        clock: Callable[[], datetime] = current_time,
    ) -> None:
        self._tracks = tracks
        self._index = index
        self._recommender = recommender
        self._words = words
        self._clock = clock

    def start(
        self, moods: Sequence[str], artists: Sequence[str], tracks: Sequence[str], at: datetime | None = None
    ) -> tuple[Start, tuple[str, ...]]:
        """Return the start, and the artists and tracks that match no analysed track.

        Args:
            moods: Ids of mood presets.
            artists: Names; case is ignored.
            tracks: Track ids or external ids.
            at: When the listener chose; None means now.

        Raises:
            InvalidRequest: nothing matches an analysed track.
            UnknownMood: a mood preset does not exist.
            IndexUnavailable: the vector index does not answer.
        """
        names = self._tracks.resolve(dict.fromkeys(tracks))
        ready = self._tracks.embedded(list(dict.fromkeys(names.values())))
        by_reason = {f"mood:{mood}": self._tracks_of(mood) for mood in dict.fromkeys(moods)}
        named = list(dict.fromkeys(artists))
        drawn = exemplars(self._index, [by_artist(name) for name in named], drawn=ARTIST_TRACKS_PER_DIRECTION)
        by_reason |= {f"artist:{name}": found for name, found in zip(named, drawn, strict=True)}
        by_reason |= {track_id: (track_id,) for track_id in ready}
        plays = tuple(
            StartPlay(track_id, 1 / len(found), reason) for reason, found in by_reason.items() for track_id in found
        )
        if not plays:
            raise InvalidRequest(f"None of the moods, artists and tracks matches an analysed track; {LIST_LIBRARY}.")
        unknown = [name for name in named if not by_reason[f"artist:{name}"]]
        unknown += [name for name in dict.fromkeys(tracks) if names.get(name) not in ready]
        start = Start(
            moods=tuple(dict.fromkeys(moods)),
            artists=tuple(named),
            tracks=tuple(ready),
            plays=plays,
            at=at or self._clock(),
        )
        return start, tuple(unknown)

    def _tracks_of(self, mood: str) -> tuple[str, ...]:
        question = self._words.read(Question(limit=MOOD_TRACKS, explain=False), (), mood)
        return tuple(found.track_id for found in self._recommender.recommend(question).recommendations)
