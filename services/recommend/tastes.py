"""The tastes of a stored listener under ids that stay, and the tracks behind them."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from services.catalog import Catalogue
from services.domain.listening import (
    TASTE_PLAYS_MAX,
    VERDICTS,
    EventKind,
    ListenerTastes,
    Profile,
    Remembered,
    ShownTaste,
    StoredTaste,
    Taste,
)
from services.domain.track import Vector
from services.recommend.dismissals import centre_of, centre_plays
from services.recommend.recommender import Recommender

SAME_COSINE = 0.7
"""Cosine of the centres from which on a taste is the one that was shown before; unrelated tastes have one near 0."""

ID_BYTES = 6

NO_PLAYS_ID = "other"
"""Id of the taste of a listener with rejections only, which has no plays and cannot be dismissed."""


class Tastes:
    """Finds the tastes of stored listeners, and stores them so that they keep their ids."""

    def __init__(self, catalogue: Catalogue, recommender: Recommender) -> None:
        self._store = catalogue.tastes
        self._tracks = catalogue.tracks
        self._listens = catalogue.listens
        self._recommender = recommender

    def of(self, listener: str, half_life_days: float | None = None) -> ListenerTastes:
        """Return the tastes of a listener, who need not exist."""
        remembered = self._listens.remembered(listener, repeat_after=None)
        profile = self._recommender.profile(remembered, half_life_days)
        shown = () if profile is None else self._identified(listener, profile)
        return ListenerTastes(shown, remembered.dismissed, _plays(remembered), _liked(remembered))

    def _identified(self, listener: str, profile: Profile) -> tuple[ShownTaste, ...]:
        stored = [taste for taste in self._store.all(listener) if taste.dismissed_at is None]
        ids = self._ids(profile.tastes, stored)
        described = self._recommender.describe(profile)
        shown = tuple(
            ShownTaste(taste_id, each, taste.plays)
            for taste_id, each, taste in zip(ids, described, profile.tastes, strict=True)
        )
        self._store_changed(listener, shown, stored)
        return shown

    def _ids(self, tastes: Sequence[Taste], stored: Sequence[StoredTaste]) -> list[str]:
        """Return the id of each taste: that of the most similar stored taste, or else a new one."""
        known = self._tracks.embedded(sorted(centre_plays(stored)))
        centres = {taste.id: centre for taste in stored if (centre := centre_of(taste, known)) is not None}
        found = _matches([taste.vector for taste in tastes], centres)
        ids = [found.get(number) or secrets.token_hex(ID_BYTES) for number in range(len(tastes))]
        return [taste_id if taste.plays else NO_PLAYS_ID for taste_id, taste in zip(ids, tastes, strict=True)]

    def _store_changed(self, listener: str, shown: Iterable[ShownTaste], stored: Iterable[StoredTaste]) -> None:
        before = {taste.id: taste for taste in stored}
        now = [
            StoredTaste(id=each.id, label=each.described.label, plays=each.described.plays[:TASTE_PLAYS_MAX])
            for each in shown
            if each.plays
        ]
        if any(before.get(taste.id) != taste for taste in now):
            self._store.show(listener, now)


def _matches(vectors: Sequence[Vector], centres: Mapping[str, Vector]) -> dict[int, str]:
    """Return the id of the centre that each vector is nearest to, nearest pairs first, each id once."""
    pairs = [
        (-float(vector @ centre), number, taste_id)
        for number, vector in enumerate(vectors)
        for taste_id, centre in centres.items()
    ]
    found: dict[int, str] = {}
    for negative, number, taste_id in sorted(pairs):
        if -negative >= SAME_COSINE and number not in found and taste_id not in found.values():
            found[number] = taste_id
    return found


def _plays(remembered: Remembered) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for event in remembered.events:
        if event.kind == EventKind.PLAY:
            counts[event.track_id] += event.undated_plays or 1
    return dict(counts)


def _liked(remembered: Remembered) -> frozenset[str]:
    """Return the tracks whose latest verdict is a like."""
    verdicts = sorted((event for event in remembered.events if event.kind in VERDICTS), key=lambda event: event.moment)
    last = {event.track_id: event.kind for event in verdicts}
    return frozenset(track_id for track_id, kind in last.items() if kind == EventKind.LIKE)
