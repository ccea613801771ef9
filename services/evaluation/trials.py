"""The trials: each gives figures for Segue and for what it is judged beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from services.catalog import Catalogue
from services.domain.listening import EventKind, ListenEvent
from services.domain.question import Question
from services.evaluation import measures
from services.evaluation.listeners import Listener, after_skips, before_skips, listeners, with_noise, with_skips
from services.evaluation.material import Material, positions
from services.evaluation.methods import HALF_LIFE_DAYS, NOW, Method
from services.index import VectorIndex
from services.recommend import Recommender

HALF_LIVES = (7.0, 15.0, 30.0, 60.0, 120.0)
AGE = timedelta(days=60)

VARIANTS = ("as they are", "2 plays of noise", "2 skips of others")


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over listeners, 0 to 1; the error is that of the mean of ndcg."""

    ndcg: float
    error: float
    coverage: float
    diversity: float


@dataclass(frozen=True, slots=True)
class Skips:
    """What three early skips of one interest do, means over listeners.

    Attributes:
        share_before: Of the interest among the 10 first.
        share_after: Likewise.
        others_before: NDCG@20 of the other interests' tracks.
        others_after: Likewise.
    """

    share_before: float
    share_after: float
    others_before: float
    others_after: float

    @property
    def fall(self) -> float:
        """By what part the interest's share falls."""
        return 1 - self.share_after / self.share_before

    @property
    def loss(self) -> float:
        """What part of their NDCG the others lose; negative where they gain."""
        return 1 - self.others_after / self.others_before


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly the library is answered over many listeners.

    Attributes:
        coverage: Share of tracks that were among somebody's 10 first.
        gini: Of how often each was: 0 is even.
    """

    coverage: float
    gini: float


def qualities(material: Material, methods: Mapping[str, Method], interests: int, count: int) -> list[list[Quality]]:
    """One row a variant of the listeners, one column a method."""
    plain = list(listeners(material, interests, count))
    variants = (
        plain,
        [with_noise(material, listener, seed) for seed, listener in enumerate(plain)],
        [with_skips(material, listener, seed) for seed, listener in enumerate(plain)],
    )
    return [[_quality(material, method, asked) for method in methods.values()] for asked in variants]


def skips(material: Material, method: Method, interests: int, count: int) -> Skips:
    """Three tracks of the first interest are left at once; before, the same three are merely not offered."""
    rows = []
    for listener in listeners(material, interests, count):
        before, after = before_skips(listener, 0), after_skips(listener, 0)
        others = np.concatenate(listener.hidden[1:])
        own = np.concatenate([listener.hidden[0], listener.plays[0]])
        row = []
        for asked in (before, after):
            answer = method(asked)
            row += [float(np.isin(answer[: measures.TOP], own).mean()), measures.ndcg(answer, others)]
        rows.append(row)
    share_before, others_before, share_after, others_after = np.mean(rows, axis=0).tolist()
    return Skips(share_before, share_after, others_before, others_after)


def recency(material: Material, catalogue: Catalogue, index: VectorIndex, count: int) -> list[float]:
    """For each half-life: the share of today's interest in the 10 first, beside one of 60 days ago."""
    recommender = Recommender(catalogue.tracks, index, lambda: NOW, half_life_days=HALF_LIFE_DAYS)
    shares = []
    for half_life in HALF_LIVES:
        found = []
        for listener in listeners(material, 2, count):
            today, old = listener.plays
            events = [ListenEvent(material.ids[track], EventKind.PLAY, NOW) for track in today]
            events += [ListenEvent(material.ids[track], EventKind.PLAY, NOW - AGE) for track in old]
            question = Question(
                history=tuple(events),
                limit=measures.TOP,
                max_per_artist=None,
                max_per_album=None,
                half_life_days=half_life,
            )
            answer = positions(material, [each.track_id for each in recommender.recommend(question).recommendations])
            names = material.soundtracks[answer]
            mine, theirs = (np.sum(names == interest) for interest in listener.interests)
            found.append(mine / max(1, mine + theirs))
        shares.append(float(np.mean(found)))
    return shares


def spread(material: Material, method: Method, count: int) -> Spread:
    """Listeners of one to three interests, each asked for 10 tracks."""
    counts = np.zeros(len(material), dtype=np.intp)
    for interests in (1, 2, 3):
        for listener in listeners(material, interests, count):
            np.add.at(counts, method(listener)[: measures.TOP], 1)
    return Spread(float(np.mean(counts > 0)), measures.gini(counts))


def answers(method: Method, asked: Sequence[Listener]) -> list[list[int]]:
    """What each listener is answered, to be compared across restarts and indexes."""
    return [method(replace(listener)).tolist() for listener in asked]


def _quality(material: Material, method: Method, asked: Sequence[Listener]) -> Quality:
    found = [method(listener) for listener in asked]
    gains = [measures.ndcg(answer, listener.wanted) for answer, listener in zip(found, asked, strict=True)]
    covered = [measures.coverage(answer, listener.hidden) for answer, listener in zip(found, asked, strict=True)]
    varied = [measures.diversity(answer, material.vectors) for answer in found]
    return Quality(
        ndcg=float(np.mean(gains)),
        error=measures.standard_error(gains),
        coverage=float(np.mean(covered)),
        diversity=float(np.mean(varied)),
    )
