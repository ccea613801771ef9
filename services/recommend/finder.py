"""The search of a text: tracks that it names come first, then tracks that sound as it describes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from services.catalog.browsing import BrowseStore
from services.catalog.tracks import TrackStore
from services.domain.library import Selection
from services.domain.listening import Recommendation
from services.domain.names import text_key
from services.domain.question import Question
from services.domain.track import Track, TrackStatus
from services.domain.words import WeightedText, Words
from services.recommend.recommender import Recommender
from services.recommend.words import WordReader

CHECKED_MAX = 200
"""Tracks with all words of a text in their names that are checked."""

NAME_WORDS_MAX = 20
"""Words of a text that may be a name; longer texts are descriptions only."""

PARTIAL_MAX = 5
"""Tracks with more words in their names than the text that come before the tracks that it describes."""


@dataclass(frozen=True, slots=True)
class Named:
    """A track that a text names, and the field that contains the name."""

    track_id: str
    field: Literal["title", "artist"]


@dataclass(frozen=True, slots=True)
class Found:
    """The tracks that a text names, those that it describes, and what was understood of it."""

    named: tuple[Named, ...]
    recommendations: tuple[Recommendation, ...]
    read: WeightedText


class Finder:
    """Finds tracks by a text."""

    def __init__(self, tracks: TrackStore, browsing: BrowseStore, recommender: Recommender, words: WordReader) -> None:
        self._tracks = tracks
        self._browsing = browsing
        self._recommender = recommender
        self._words = words

    def find(self, text: str, question: Question, mood: str | None = None) -> Found:
        """Return at most `limit` tracks that meet the filters of the question; those described fit the mood as well.

        Titles and artists that are the text come first, then some that contain its words, then tracks that the text
        describes. A text that was not understood finds names only.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        read = self._words.read(question, [Words(text)], mood)
        understood = read.words[0].understood
        named = self._named(text, question, is_understood=not understood.is_empty)
        left = question.limit - len(named)
        if not left or (understood.is_empty and mood is None):
            return Found(tuple(named), (), read.words[0])
        exclude = replace(question.exclude, tracks=tuple(each.track_id for each in named))
        answer = self._recommender.recommend(replace(read, limit=left, exclude=exclude))
        return Found(tuple(named), answer.recommendations, read.words[0])

    def _named(self, text: str, question: Question, *, is_understood: bool) -> list[Named]:
        wanted = text_key(text).split()
        if not 0 < len(wanted) <= NAME_WORDS_MAX:
            return []
        tracks = self._candidates(" ".join(wanted), question.limit)
        matches = ((match, track.id) for track in tracks if (match := _match(wanted, track)) is not None)
        found = sorted(matches, key=lambda each: each[0].rank)
        if is_understood and len(wanted) == 1:  # many titles contain a common word such as "piano"
            found = [each for each in found if each[0].rank != PARTIAL]
        admitted = self._browsing.meeting([track_id for _, track_id in found], question.filters)
        named = [(match.rank, Named(track_id, match.field)) for match, track_id in found if track_id in admitted]
        whole = [each for rank, each in named if rank != PARTIAL]
        partial = [each for rank, each in named if rank == PARTIAL]
        return [*whole, *(partial[:PARTIAL_MAX] if is_understood else partial)][: question.limit]

    def _candidates(self, key: str, limit: int) -> list[Track]:
        """Return tracks whose title or artist is the text, and tracks whose names contain its words."""
        ids = [track.id for track in self._tracks.titled([key]).get(key, ())]
        named = self._tracks.get_many(list(dict.fromkeys([*ids, *self._tracks.by_artists([key], limit)])))
        page = self._browsing.page(Selection(key, (TrackStatus.READY,)), limit=CHECKED_MAX)
        return list({track.id: track for track in (*named.values(), *page.tracks)}.values())


class _Match(NamedTuple):
    """How well a text matches a track's names: 0 is best."""

    rank: int
    field: Literal["title", "artist"]


PARTIAL = 2
"""The rank of names with more words than the text."""


def _match(wanted: Sequence[str], track: Track) -> _Match | None:
    title, artist = text_key(track.title).split(), text_key(track.artist or "").split()
    if wanted == title or wanted in (title + artist, artist + title):
        return _Match(0, "title")
    if wanted == artist or " ".join(wanted) in {text_key(each.name) for each in track.artists}:
        return _Match(1, "artist")
    *whole, last = wanted
    names = {*title, *artist}
    if not names.issuperset(whole) or not any(each.startswith(last) for each in names):
        return None
    in_title = any(word in title for word in whole) or any(each.startswith(last) for each in title)
    return _Match(PARTIAL, "title" if in_title else "artist")
