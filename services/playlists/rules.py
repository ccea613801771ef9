"""Choose the tracks of smart playlists, and recommend tracks that continue a playlist."""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from services.catalog import Catalogue, tenancy
from services.catalog.libraries import as_member
from services.catalog.tracks import measured_of
from services.domain.errors import InvalidRequest, SegueError
from services.domain.filters import music_only
from services.domain.library import Selection
from services.domain.listening import Answer, Remembered, plays
from services.domain.names import text_key
from services.domain.playlist import Playlist, Rules
from services.domain.question import RESULTS_MAX, SEED_MAX, Exclusion, Question
from services.domain.track import Track, TrackStatus
from services.domain.words import Words
from services.recommend import Recommender
from services.recommend.words import WordReader

CONTINUED_FROM = 200
"""Last tracks of a playlist that its continuation is made from; the last ones say best where it goes."""

_Key = Callable[[Track], Any]

_NAMES: dict[str, _Key] = {
    "artist": lambda track: track.artist and (text_key(track.artist), text_key(track.album or ""), *_place(track)),
    "title": lambda track: (text_key(track.title),),
    "album": lambda track: track.album and (text_key(track.album), *_place(track)),
    "added": lambda track: track.added_at,
}


class NothingUnderstood(InvalidRequest):
    """The rules have texts, but nothing of them was understood."""

    def __init__(self) -> None:
        super().__init__("Nothing of the text was understood. Describe music in other words, or remove the text.")


class SmartPlaylists:
    """Refreshes smart playlists and extends playlists. It is thread-safe."""

    def __init__(self, catalogue: Catalogue, recommender: Recommender, words: WordReader) -> None:
        self._catalogue = catalogue
        self._recommender = recommender
        self._words = words

    def choose(self, rules: Rules, owner: str | None) -> list[str]:
        """Return the ids of the tracks that the rules choose, in the order of the playlist.

        Raises:
            InvalidRequest: the texts contradict each other, or nothing of them was understood.
            IndexUnavailable: the vector index does not answer.
        """
        with as_member(self._catalogue.database, owner):
            return self._choose(rules, owner)

    def _choose(self, rules: Rules, owner: str | None) -> list[str]:
        if rules.sort != "match" and not (rules.text or rules.mood or rules.taste):
            return self._first(rules, owner)
        question = Question(
            filters=rules.filters,
            limit=rules.limit,
            remembered=self._remembered(rules, owner),
            seed=secrets.randbelow(SEED_MAX),
            explain=False,
            max_per_artist=max(3, rules.limit // 10),
            max_per_album=max(2, rules.limit // 20),
        )
        question = self._words.read(question, [Words(text) for text in rules.text], rules.mood)
        if question.is_blank:
            raise NothingUnderstood
        found = [each.track_id for each in self._recommender.recommend(question).recommendations]
        return found if rules.sort == "match" else self._sorted(found, rules)

    def refresh(self, playlist: Playlist) -> bool:
        """Choose the tracks of a smart playlist again; return False if its rules were changed meanwhile.

        If this fails, the playlist keeps its tracks and the reason is stored.

        Raises:
            SegueError: the tracks could not be chosen.
        """
        if playlist.rules is None:
            raise InvalidRequest(f"The playlist '{playlist.id}' has no rules, so there is nothing to refresh.")
        of_library = tenancy.libraries() if playlist.library is None else frozenset({playlist.library})
        try:
            with tenancy.limited_to(of_library):
                chosen = self.choose(playlist.rules, playlist.owner)
        except SegueError as error:
            self._catalogue.playlists.failed(playlist.id, error.detail)
            raise
        return self._catalogue.playlists.refreshed(playlist.id, playlist.rules, chosen)

    def extension(
        self, playlist: Playlist, track_ids: Sequence[str], *, limit: int, exclude: Sequence[str]
    ) -> Question:
        """Return the question for tracks that continue a playlist, without its own and those that its owner rejects."""
        unwanted = (*exclude, *track_ids[:-CONTINUED_FROM])
        return Question(
            history=plays(track_ids[-CONTINUED_FROM:]),
            remembered=self._rejected(playlist.owner),
            exclude=Exclusion(tracks=tuple(unwanted)),
            limit=min(limit, RESULTS_MAX),
        )

    def extend(self, playlist: Playlist, question: Question) -> Answer:
        """Return tracks that continue a playlist, with reasons.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        with as_member(self._catalogue.database, playlist.owner):
            return self._recommender.recommend(question)

    def _remembered(self, rules: Rules, owner: str | None) -> Remembered:
        if owner is None or not rules.taste:
            return self._rejected(owner)
        return self._catalogue.listens.remembered(owner, repeat_after=timedelta(0))

    def _rejected(self, owner: str | None) -> Remembered:
        return Remembered() if owner is None else Remembered(rejected=self._catalogue.listens.rejected(owner))

    def _first(self, rules: Rules, owner: str | None) -> list[str]:
        """Return the first tracks of the whole library that meet the filters, without those that the owner rejects."""
        rejected = self._rejected(owner).rejected
        selection = Selection(
            statuses=(TrackStatus.READY,),
            filters=music_only(rules.filters),
            sort=rules.sort if rules.sort != "match" else "artist",
            descending=rules.descending,
        )
        tracks = self._catalogue.browsing.page(selection, limit=rules.limit + len(rejected)).tracks
        return [track.id for track in tracks if track.id not in rejected][: rules.limit]

    def _sorted(self, track_ids: Sequence[str], rules: Rules) -> list[str]:
        """Return the tracks in the order of the rules; those without a value come last."""
        tracks = self._catalogue.tracks.get_many(track_ids)
        values = {each: value for each in track_ids if (value := _value(tracks[each], rules.sort)) is not None}
        known = sorted(values, key=values.__getitem__, reverse=rules.descending)
        return [*known, *(each for each in track_ids if each not in values)]


def _place(track: Track) -> tuple[int, int]:
    return track.disc_number or 0, track.track_number or 0


def _value(track: Track, sort: str) -> Any:  # noqa: ANN401  something to sort by
    if sort in _NAMES:
        return _NAMES[sort](track)
    tags = {"year": track.year, "duration_ms": track.duration_ms}
    return measured_of({**(track.descriptors or {}), **(track.attributes or {}), **tags}).get(sort)
