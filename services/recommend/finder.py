"""The search of a text: tracks that it names come first, then tracks that sound as it describes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal, NamedTuple

from services.catalog.browsing import BrowseStore
from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.library import Selection
from services.domain.listening import Recommendation
from services.domain.names import text_key
from services.domain.question import RESULTS_MAX, Question
from services.domain.track import TrackStatus
from services.domain.words import WeightedText, Words
from services.recommend.recommender import Recommender
from services.recommend.words import WordReader

CHECKED_MAX = 10_000
"""Tracks with all words of a text in their names that are ranked."""

NAME_WORDS_MAX = 20
"""Words of a text that may be a name; longer texts are descriptions only."""

PARTIAL_MAX = {"title": 3, "artist": 2}
"""Tracks with more words in a title or in an artist than the text that come before the tracks that it describes."""


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
        named = self._named(text, question.filters, is_understood=not understood.is_empty)[: question.limit]
        left = question.limit - len(named)
        if not left or (understood.is_empty and mood is None):
            return Found(tuple(named), (), read.words[0])
        exclude = replace(question.exclude, tracks=tuple(each.track_id for each in named))
        answer = self._recommender.recommend(replace(read, limit=left, exclude=exclude))
        return Found(tuple(named), answer.recommendations, read.words[0])

    def named(self, text: str, filters: Filters) -> list[Named]:
        """Return the tracks that meet filters and whose titles and artists have the words of a text, the best first."""
        return self._named(text, filters, is_understood=False)

    def _named(self, text: str, filters: Filters, *, is_understood: bool) -> list[Named]:
        wanted = text_key(text).split()
        if not 0 < len(wanted) <= NAME_WORDS_MAX:
            return []
        found = sorted(self._matches(wanted, filters).items(), key=lambda each: each[1].rank)
        if is_understood:
            found = _few_partial(found, is_word=len(wanted) == 1)
        return [Named(track_id, match.field) for track_id, match in found]

    def _matches(self, wanted: Sequence[str], filters: Filters) -> dict[str, "_Match"]:
        """Return how the names of tracks that meet filters match these words, by track."""
        key = " ".join(wanted)
        whole = dict.fromkeys(self._tracks.by_artists([key], RESULTS_MAX), _Match(Rank.ARTIST, "artist"))
        whole |= {track.id: _Match(Rank.TITLE, "title") for track in self._tracks.titled([key]).get(key, ())}
        admitted = self._browsing.meeting(list(whole), filters)
        matches = {track_id: match for track_id, match in whole.items() if track_id in admitted}
        selection = Selection(key, (TrackStatus.READY,), filters)
        for track_id, artist, title in self._browsing.names(selection, CHECKED_MAX):
            match = _match(wanted, title.split(), artist.split())
            if match is not None and (track_id not in matches or match.rank < matches[track_id].rank):
                matches[track_id] = match
        return matches


class Rank(IntEnum):
    """How well a text matches the names of a track, the best first."""

    TITLE = 0
    ARTIST = 1
    BEGINNING = 2
    """A name begins with the words."""
    WORDS = 3
    """The names contain the words."""
    PREFIX = 4
    """The names contain the words, the last one as the beginning of a word."""


class _Match(NamedTuple):
    rank: Rank
    field: Literal["title", "artist"]


def _match(wanted: Sequence[str], title: Sequence[str], artist: Sequence[str]) -> _Match | None:
    if wanted in (title, [*title, *artist], [*artist, *title]):
        return _Match(Rank.TITLE, "title")
    if wanted == artist:
        return _Match(Rank.ARTIST, "artist")
    names = {*title, *artist}
    *whole, last = wanted
    if not names.issuperset(whole) or not any(each.startswith(last) for each in names):
        return None
    if title[: len(wanted)] == wanted:
        return _Match(Rank.BEGINNING, "title")
    if artist[: len(wanted)] == wanted:
        return _Match(Rank.BEGINNING, "artist")
    in_title = any(word in title for word in whole) or any(each.startswith(last) for each in title)
    return _Match(Rank.WORDS if last in names else Rank.PREFIX, "title" if in_title else "artist")


def _few_partial(found: Sequence[tuple[str, _Match]], *, is_word: bool) -> list[tuple[str, _Match]]:
    """Return the matches of a text that also describes music: few partial ones, of one word none by a prefix."""
    left = {**PARTIAL_MAX}
    kept = []
    for track_id, match in found:
        if match.rank > Rank.ARTIST:
            if not left[match.field] or (is_word and match.rank == Rank.PREFIX):
                continue
            left[match.field] -= 1
        kept.append((track_id, match))
    return kept
