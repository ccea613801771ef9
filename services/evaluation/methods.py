"""Methods that recommend tracks to simulated listeners: Segue, and the baselines it is compared with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.domain.listening import EventKind, ListenEvent
from services.domain.question import Exclusion, Question
from services.evaluation.material import Listener, Material, Positions, positions
from services.index import VectorIndex
from services.recommend import Recommender

Method = Callable[[Listener], Positions]
Array = NDArray[np.float64]

DEPTH = 20
"""Tracks in the answer of a method."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALF_LIFE_DAYS = 30.0
SKIPPED_AFTER_MS = 5_000

SHARPNESS = 10.0
"""Sharpness of log-sum-exp: 0 is the mean over the plays, infinity the nearest play."""

RELEVANCE = 0.7
"""Weight of relevance in maximal marginal relevance (MMR; Carbonell & Goldstein, 1998); the rest is novelty."""

MMR_POOL = 100
"""Candidates of MMR."""


def random(material: Material) -> Method:
    """Recommend random tracks."""
    draw = np.random.default_rng(0)
    return lambda listener: _best(draw.random(len(material)), listener)


def mean(material: Material) -> Method:
    """Recommend the tracks nearest to the mean of the plays."""
    return lambda listener: _best(material.vectors @ material.vectors[listener.played].mean(0), listener)


def best_score(material: Material) -> Method:
    """Recommend the tracks nearest to any of the plays."""
    return lambda listener: _best((material.vectors @ material.vectors[listener.played].T).max(1), listener)


def log_sum_exp(material: Material) -> Method:
    """Recommend by a soft maximum over the plays, reordered by MMR."""

    def answer(listener: Listener) -> Positions:
        near = material.vectors @ material.vectors[listener.played].T
        scores = np.log(np.exp(SHARPNESS * near).mean(1)) / SHARPNESS
        return _mmr(_best(scores, listener, MMR_POOL), scores, material.vectors)

    return answer


def informed(material: Material) -> Method:
    """Recommend by the mean of each interest in turn, given which play belongs to which interest."""

    def answer(listener: Listener) -> Positions:
        means = [material.vectors @ material.vectors[plays].mean(0) for plays in listener.plays]
        ranked = [_best(scores, listener, MMR_POOL) for scores in means]
        turns = [track for rank in zip(*ranked, strict=False) for track in rank]
        return np.array(list(dict.fromkeys(turns))[:DEPTH], dtype=np.intp)

    return answer


def segue(material: Material, catalogue: Catalogue, index: VectorIndex, base: Question | None = None) -> Method:
    """Recommend with Segue's recommender; `base` has the options of the question."""
    recommender = Recommender(catalogue.tracks, index, lambda: NOW, half_life_days=HALF_LIFE_DAYS)
    # A soundtrack is one album and mostly by one artist, so the maxima would exclude the wanted tracks.
    options = base or Question(limit=DEPTH, max_per_artist=None, max_per_album=None)

    def answer(listener: Listener) -> Positions:
        question = replace(
            options,
            history=history(material, listener),
            exclude=Exclusion(tracks=tuple(material.ids[track] for track in listener.kept_back)),
        )
        found = recommender.recommend(question).recommendations
        return np.array(positions(material, [each.track_id for each in found]), dtype=np.intp)

    return answer


def history(material: Material, listener: Listener, at: datetime = NOW) -> tuple[ListenEvent, ...]:
    """Return the listener's events, all of one evening."""
    whole = [ListenEvent(material.ids[track], EventKind.PLAY, at - timedelta(hours=1)) for track in listener.played]
    left = [ListenEvent(material.ids[track], EventKind.SKIP, at, SKIPPED_AFTER_MS) for track in listener.skipped]
    return (*whole, *left)


def _best(scores: Array, listener: Listener, count: int = DEPTH) -> Positions:
    offered = scores.copy()
    offered[listener.left_out] = -np.inf
    ranked = np.argsort(-offered, kind="stable")
    return ranked[: min(count, len(scores) - len(np.unique(listener.left_out)))]


def _mmr(pool: Positions, scores: Array, vectors: Array) -> Positions:
    chosen: list[int] = []
    left = pool.tolist()
    while left and len(chosen) < DEPTH:
        alike = (vectors[left] @ vectors[chosen].T).max(1) if chosen else np.zeros(len(left))
        chosen.append(left.pop(int((RELEVANCE * scores[left] - (1 - RELEVANCE) * alike).argmax())))
    return np.array(chosen, dtype=np.intp)
