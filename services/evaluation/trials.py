"""Recommendation methods, tried on simulated listeners, and their measures.

The methods are Segue and the baselines it is compared with. The measures are ranking quality, coverage of interests,
diversity and evenness.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.domain.listening import EventKind, ListenEvent, Profile, Remembered, StoredTaste
from services.domain.question import Exclusion, Question
from services.evaluation.material import (
    Listener,
    Material,
    Positions,
    after_skips,
    before_skips,
    listeners,
    positions,
    with_noise,
    with_skips,
)
from services.index import VectorIndex
from services.recommend import Recommender
from services.recommend.dismissals import KIND_COSINE
from services.recommend.diversity import mean_distance

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


TOP = 10
"""First tracks of an answer that coverage, diversity and shares are computed on."""

HALF_LIVES = (7.0, 15.0, 30.0, 60.0, 120.0)
"""Days that `recency` compares."""

LATER_PLAYS = 2
"""Plays of the dismissed kind after a dismissal."""

AGE = timedelta(days=60)
"""Age of the old interest in `recency`."""

VARIANTS = ("as they are", "2 plays of noise", "2 skips of others")
"""Variants of the listeners in `qualities`."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over listeners, 0 to 1; `error` is the standard error of the mean of `ndcg`."""

    ndcg: float
    error: float
    coverage: float
    diversity: float


@dataclass(frozen=True, slots=True)
class Skips:
    """Effect of three early skips of one interest, as means over listeners.

    Attributes:
        share_before: Share of the interest among the first 10 tracks, without the skips.
        share_after: The same with the skips.
        others_before: NDCG@20 of the other interests' tracks, without the skips.
        others_after: The same with the skips.
    """

    share_before: float
    share_after: float
    others_before: float
    others_after: float

    @property
    def fall(self) -> float:
        """Relative decrease of the interest's share."""
        return 1 - self.share_after / self.share_before

    @property
    def loss(self) -> float:
        """Relative decrease of the other interests' NDCG; negative if it increases."""
        return 1 - self.others_after / self.others_before


@dataclass(frozen=True, slots=True)
class Dismissals:
    """Effect of the dismissal of one taste, as means over listeners.

    Attributes:
        share_before: Share of the taste among the first 10 tracks: those with a cosine of `KIND_COSINE` or more to its
            centre that are not nearer to another taste.
        share_after: The same after the dismissal.
        share_later: The same after the dismissal and two later plays of the dismissed kind.
        others_before: NDCG@20 of the interests that were not dismissed.
        others_after: The same after the dismissal.
    """

    share_before: float
    share_after: float
    share_later: float
    others_before: float
    others_after: float

    @property
    def left(self) -> float:
        """What is left of the taste's share, 0 to 1."""
        return self.share_after / self.share_before

    @property
    def loss(self) -> float:
        """Relative decrease of the other interests' NDCG; negative if it increases."""
        return 1 - self.others_after / self.others_before


@dataclass(frozen=True, slots=True)
class Spread:
    """How evenly the tracks of the library are recommended over many listeners.

    Attributes:
        coverage: Share of tracks that were among the first 10 of at least one answer.
        gini: Gini coefficient of how often each track was; 0 is even.
    """

    coverage: float
    gini: float


def qualities(material: Material, methods: Mapping[str, Method], interests: int, count: int) -> list[list[Quality]]:
    """Return one row per variant of the listeners and one column per method."""
    plain = list(listeners(material, interests, count))
    variants = (
        plain,
        [with_noise(material, listener, seed) for seed, listener in enumerate(plain)],
        [with_skips(material, listener, seed) for seed, listener in enumerate(plain)],
    )
    return [[_quality(material, method, drawn) for method in methods.values()] for drawn in variants]


def skips(material: Material, method: Method, interests: int, count: int) -> Skips:
    """Compare skips of three tracks of the first interest with the same three tracks just not offered."""
    rows = []
    for listener in listeners(material, interests, count):
        before, after = before_skips(listener, 0), after_skips(listener, 0)
        others = np.concatenate(listener.hidden[1:])
        own = np.concatenate([listener.hidden[0], listener.plays[0]])
        row = []
        for variant in (before, after):
            answer = method(variant)
            row += [float(np.isin(answer[:TOP], own).mean()), ndcg(answer, others)]
        rows.append(row)
    share_before, others_before, share_after, others_after = np.mean(rows, axis=0).tolist()
    return Skips(share_before, share_after, others_before, others_after)


def dismissals(material: Material, catalogue: Catalogue, index: VectorIndex, interests: int, count: int) -> Dismissals:
    """Let each listener dismiss the taste that has most of the first interest, and compare the answers."""
    recommender = Recommender(catalogue.tracks, index, lambda: NOW, half_life_days=HALF_LIFE_DAYS)
    rows = [_dismissal(material, recommender, listener) for listener in listeners(material, interests, count)]
    return Dismissals(*np.nanmean(rows, axis=0).tolist())


def _dismissal(material: Material, recommender: Recommender, listener: Listener) -> tuple[float, ...]:
    past = Remembered(events=history(material, listener))
    profile = cast("Profile", recommender.profile(past))  # whole plays always make a taste
    own = {material.ids[track] for track in listener.plays[0]}
    weights = [sum(weight for name, weight in taste.plays if name in own) for taste in profile.tastes]
    unwanted = profile.tastes[int(np.argmax(weights))]
    plays = tuple(name for name, _ in unwanted.plays)
    dismissed = (StoredTaste(id="unwanted", label="", plays=plays, dismissed_at=NOW),)
    later = tuple(ListenEvent(material.ids[track], EventKind.PLAY, NOW) for track in listener.hidden[0][:LATER_PLAYS])
    variants = (
        past,
        replace(past, dismissed=dismissed),
        replace(past, events=(*past.events, *later), dismissed=dismissed),
    )
    answers = [_after(material, recommender, variant) for variant in variants]
    centres = np.stack([taste.vector for taste in profile.tastes]).astype(np.float64)
    shares = [_share_of(int(np.argmax(weights)), centres, material.vectors[answer[:TOP]]) for answer in answers]
    kept = [
        hidden
        for played, hidden in zip(listener.plays[1:], listener.hidden[1:], strict=True)
        if not {material.ids[track] for track in played} & set(plays)
    ]
    if not kept:  # the taste had plays of every interest
        return (*shares, np.nan, np.nan)
    return (*shares, *(ndcg(answer, np.concatenate(kept)) for answer in answers[:2]))


def _after(material: Material, recommender: Recommender, past: Remembered) -> Positions:
    """Return the answer to a stored listener, without the tracks that were heard."""
    remembered = replace(past, heard={event.track_id: event.moment for event in past.events}, may_return=False)
    question = Question(remembered=remembered, limit=DEPTH, max_per_artist=None, max_per_album=None)
    found = recommender.recommend(question).recommendations
    return np.array(positions(material, [each.track_id for each in found]), dtype=np.intp)


def _share_of(taste: int, centres: Array, vectors: Array) -> float:
    """Return the share of vectors that are of the kind of a taste, and nearer to its centre than to the others."""
    cosines = vectors @ centres.T
    return float(np.mean((cosines.argmax(1) == taste) & (cosines[:, taste] >= KIND_COSINE)))


def recency(material: Material, catalogue: Catalogue, index: VectorIndex, count: int) -> list[float]:
    """Return for each half-life the share of today's interest, beside one of 60 days ago, among the first 10 tracks."""
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
                limit=TOP,
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
    """Count the first 10 tracks over listeners with one to three interests."""
    counts = np.zeros(len(material), dtype=np.intp)
    for interests in (1, 2, 3):
        for listener in listeners(material, interests, count):
            np.add.at(counts, method(listener)[:TOP], 1)
    return Spread(float(np.mean(counts > 0)), gini(counts))


def answers(method: Method, drawn: Sequence[Listener]) -> list[list[int]]:
    """Return the answer of each listener, to compare across restarts and indexes."""
    return [method(replace(listener)).tolist() for listener in drawn]


def _quality(material: Material, method: Method, drawn: Sequence[Listener]) -> Quality:
    found = [method(listener) for listener in drawn]
    gains = [ndcg(answer, listener.wanted) for answer, listener in zip(found, drawn, strict=True)]
    covered = [coverage(answer, listener.hidden) for answer, listener in zip(found, drawn, strict=True)]
    varied = [diversity(answer, material.vectors) for answer in found]
    return Quality(
        ndcg=float(np.mean(gains)),
        error=standard_error(gains),
        coverage=float(np.mean(covered)),
        diversity=float(np.mean(varied)),
    )


def ndcg(answer: Positions, wanted: Positions, depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain, 0 to 1 (binary relevance; Järvelin & Kekäläinen, 2002).

    Args:
        answer: Positions of tracks, best first.
        wanted: Positions of the relevant tracks, at least one.
        depth: Number of tracks of the answer that count.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    gains = np.isin(answer[:depth], wanted) * discounts[: len(answer[:depth])]
    return float(gains.sum() / discounts[: min(depth, len(wanted))].sum())


def coverage(answer: Positions, interests: Sequence[Positions], depth: int = TOP) -> float:
    """Return the share of the interests of which the answer contains at least one wanted track."""
    return float(np.mean([np.isin(answer[:depth], wanted).any() for wanted in interests]))


def diversity(answer: Positions, vectors: NDArray[np.floating[Any]], depth: int = TOP) -> float:
    """Return the mean cosine distance of the first tracks of an answer; NaN for one track."""
    distance = mean_distance(list(vectors[answer[:depth]]))
    return nan if distance is None else distance


def gini(counts: NDArray[np.intp]) -> float:
    """Return the Gini coefficient of (n,) counts: 0 if all are equal, near 1 if a few have almost everything."""
    ordered = np.sort(counts).astype(np.float64)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean of values."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
