"""A radio on a library of four kinds of songs, in memory."""

from collections import Counter

import numpy as np

from services.domain.listening import EventKind, ListenEvent
from services.domain.question import Question
from services.domain.radio import RadioStart, Seeds, WordsChange
from services.radio.directions import unit
from services.radio.sessions import Radio
from services.recommend import Recommender
from services.recommend.words import WordReader
from services.words.understand import understand
from tests.fakes.music import NOON, ExactIndex, Song, catalogue_of, embedded
from tests.fakes.words import FakeTower

KINDS = ("Ambient", "Folk", "Jazz", "Rock")
PER_KIND = 12
AXES = np.eye(128, dtype=np.float32)


def song(number: int) -> Song:
    """The songs of one kind resemble each other; each kind has three artists."""
    kind, place = divmod(number, PER_KIND)
    vector = unit(AXES[kind] + 0.25 * AXES[4 + number])
    artist = f"{KINDS[kind]} {place % 3}"
    measured = {"energy": kind / 4 + place / 100, "tempo": 80.0 + place}
    track = embedded(
        id_of(number), vector, f"Title {number}", artist, artist, 100_000 + 5_000 * number, measured=measured
    )
    return Song(track, KINDS[kind], ("calm",) if kind < 2 else ())


def id_of(number: int) -> str:
    return f"{number:03}"


def numbers(kind: int) -> range:
    return range(PER_KIND * kind, PER_KIND * (kind + 1))


SONGS = [song(number) for number in range(PER_KIND * len(KINDS))]


class Station:
    """A radio with its catalogue."""

    def __init__(self, songs=SONGS):
        self.catalogue, index = catalogue_of(songs), ExactIndex(songs)
        recommender = Recommender(self.catalogue.tracks, index, lambda: NOON, half_life_days=30)
        self.tower = FakeTower({kind.casefold(): AXES[number] for number, kind in enumerate(KINDS)})
        words = WordReader(self.catalogue.tracks, self.tower, understand)
        self.radio = Radio(self.catalogue, index, recommender, lambda: NOON, words=words)

    def start(self, *seeds, history=(), listener=None, names=None, words=None, **terms):
        named = Seeds(tracks=tuple(map(id_of, seeds)), **names or {})
        terms = Question(**{"seed": 1, **terms})
        words = words or WordsChange()
        return self.radio.start(
            RadioStart(seeds=named, history=tuple(history), listener=listener, terms=terms, words=words)
        )

    def next(self, view, *events, limit=8, key=None, words=None):
        return self.radio.next(view.session.id, events, limit=limit, key=key, words=words)


def event(number, kind=EventKind.PLAY, at=None):
    return ListenEvent(id_of(number), kind, at)


def skips(*skipped):
    return [event(number, EventKind.SKIP) for number in skipped]


def ids(answer):
    return [pick.recommendation.track_id for pick in answer.picks]


def kinds(answer):
    return Counter(int(name) // PER_KIND for name in ids(answer))
