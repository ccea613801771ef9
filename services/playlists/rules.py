"""Choose the tracks of smart playlists, and recommend tracks that continue a playlist."""

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from services.catalog import Catalogue
from services.domain.errors import InvalidRequest, SegueError
from services.domain.listening import Answer, Remembered, plays
from services.domain.names import name_key
from services.domain.playlist import BY_MATCH, Playlist, Rules
from services.domain.question import RESULTS_MAX, SEED_MAX, Exclusion, Question
from services.domain.track import Track
from services.domain.words import Words
from services.recommend import Recommender
from services.recommend.words import WordReader

CONTINUED_FROM = 200
"""Last tracks of a playlist that its continuation is made from; the last ones say best where it goes."""

NAMES: dict[str, Callable[[Track], str | None]] = {
    "artist": lambda track: track.artist,
    "title": lambda track: track.title,
    "album": lambda track: track.album,
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
        return found if rules.sort == BY_MATCH else self._sorted(found, rules)

    def refresh(self, playlist: Playlist) -> bool:
        """Choose the tracks of a smart playlist again; return False if its rules were changed meanwhile.

        If this fails, the playlist keeps its tracks and the reason is stored.

        Raises:
            SegueError: the tracks could not be chosen.
        """
        if playlist.rules is None:
            raise InvalidRequest(f"The playlist '{playlist.id}' has no rules, so there is nothing to refresh.")
        try:
            chosen = self.choose(playlist.rules, playlist.owner)
        except SegueError as error:
            self._catalogue.playlists.failed(playlist.id, error.detail)
            raise
        return self._catalogue.playlists.refreshed(playlist.id, playlist.rules, chosen)

    def extend(self, playlist: Playlist, track_ids: Sequence[str], *, limit: int, exclude: Sequence[str]) -> Answer:
        """Return tracks that continue a playlist, with reasons, without its own and those that its owner rejects.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        unwanted = (*exclude, *track_ids[:-CONTINUED_FROM])
        question = Question(
            history=plays(track_ids[-CONTINUED_FROM:]),
            remembered=self._rejected(playlist.owner),
            exclude=Exclusion(tracks=tuple(unwanted)),
            limit=min(limit, RESULTS_MAX),
        )
        return self._recommender.recommend(question)

    def _remembered(self, rules: Rules, owner: str | None) -> Remembered:
        if owner is None or not rules.taste:
            return self._rejected(owner)
        return self._catalogue.listens.remembered(owner, repeat_after=timedelta(0))

    def _rejected(self, owner: str | None) -> Remembered:
        return Remembered() if owner is None else Remembered(rejected=self._catalogue.listens.rejected(owner))

    def _sorted(self, track_ids: Sequence[str], rules: Rules) -> list[str]:
        if rules.sort in NAMES:
            tracks = self._catalogue.tracks.get_many(track_ids)
            names = {each: NAMES[rules.sort](track) for each, track in tracks.items()}
            keys: dict[str, Any] = {each: name_key(name) for each, name in names.items() if name}
        else:
            described = self._catalogue.tracks.descriptions(track_ids)
            keys = {
                each: found.measured[rules.sort] for each, found in described.items() if rules.sort in found.measured
            }
        known = sorted((each for each in track_ids if each in keys), key=keys.__getitem__, reverse=rules.descending)
        return [*known, *(each for each in track_ids if each not in keys)]  # unknown values come last
