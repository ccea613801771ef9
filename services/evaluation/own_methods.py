"""Segue, and the simple methods that it is compared with, on the periods of one's own listeners."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.domain.question import Question
from services.domain.vector_index import VectorSearch
from services.evaluation.material import Positions
from services.evaluation.own_listeners import NOBODY, OwnLibrary, OwnListeners, Period
from services.recommend import Recommender
from services.recommend.taste import CLUSTERED_MAX

DEPTH = 20
"""Tracks of one answer."""

SEED = 2026

BLOCK = 8_192
"""Tracks that are compared with all liked tracks at a time, so that a large library needs no more memory."""

SEGUE, UNLIMITED = "Segue", "without maxima"
MEAN, BEST_SCORE, POPULARITY = "mean", "best score", "popularity"
ARTIST_RADIO, RANDOM = "artist radio", "random"

Array = NDArray[np.float32] | NDArray[np.float64]

Method = Callable[[Period], Positions]
"""Answers with the positions of up to `DEPTH` tracks, best first."""


def methods(
    catalogue: Catalogue, index: VectorSearch, library: OwnLibrary, listeners: OwnListeners, half_life_days: float
) -> dict[str, Method]:
    """Return the methods by name; popularity only if there are several listeners."""
    by_name = {
        SEGUE: segue(catalogue, index, library, half_life_days, Question(limit=DEPTH)),
        UNLIMITED: segue(
            catalogue,
            index,
            library,
            half_life_days,
            Question(limit=DEPTH, max_per_artist=None, max_per_album=None),
        ),
        MEAN: mean(library),
        BEST_SCORE: best_score(library),
        ARTIST_RADIO: artist_radio(library),
        RANDOM: random(library),
    }
    return by_name | ({POPULARITY: popularity(library, listeners)} if listeners.count > 1 else {})


def segue(
    catalogue: Catalogue, index: VectorSearch, library: OwnLibrary, half_life_days: float, options: Question
) -> Method:
    """Recommend with Segue's recommender at the moment of a period."""
    at = datetime.min.replace(tzinfo=UTC)
    recommender = Recommender(catalogue.tracks, index, lambda: at, half_life_days=half_life_days)

    def answer(period: Period) -> Positions:
        nonlocal at
        at = period.at
        question = replace(options, remembered=period.past, filters=period.filters, explain=False)
        return library.positions([each.track_id for each in recommender.recommend(question).recommendations])

    return answer


def mean(library: OwnLibrary) -> Method:
    """Recommend the tracks nearest to the mean of the liked tracks, weighted as Segue weights them."""

    def answer(period: Period) -> Positions:
        liked, weights = _liked(library, period)
        return _best(library.vectors @ (weights.astype(np.float32) @ library.vectors[liked]), period)

    return answer


def best_score(library: OwnLibrary) -> Method:
    """Recommend the tracks nearest to any of the liked tracks."""

    def answer(period: Period) -> Positions:
        liked, _ = _liked(library, period)
        plays = library.vectors[liked].T
        parts = (library.vectors[first : first + BLOCK] @ plays for first in range(0, len(library), BLOCK))
        return _best(np.concatenate([part.max(axis=1) for part in parts]), period)

    return answer


def popularity(library: OwnLibrary, listeners: OwnListeners) -> Method:
    """Recommend the tracks that other listeners had played most; equally popular ones in a random order."""

    def answer(period: Period) -> Positions:
        counts = np.bincount(listeners.plays.of_others(period), minlength=len(library))
        return _best(counts + _noise(library, period), period)

    return answer


def artist_radio(library: OwnLibrary) -> Method:
    """Recommend other tracks by the artists of the liked tracks, each artist in proportion to its plays."""

    def answer(period: Period) -> Positions:
        liked, weights = _liked(library, period)
        by_artist = np.zeros(library.artists.max(initial=NOBODY) + 2)  # the last place is that of nobody
        np.add.at(by_artist, library.artists[liked], weights)
        by_artist[NOBODY] = 0
        scores, noise = np.zeros(len(library)), _noise(library, period)
        offered = np.ones(len(library), dtype=bool)
        offered[period.barred] = False
        for artist in np.flatnonzero(by_artist):
            own = np.flatnonzero((library.artists == artist) & offered)
            # D'Hondt: the places of an artist are worth a whole, a half, a third of its weight.
            scores[own[np.argsort(noise[own])]] = by_artist[artist] / np.arange(1, len(own) + 1)
        return _best(np.where(scores > 0, 1 + scores, noise), period)

    return answer


def random(library: OwnLibrary) -> Method:
    """Recommend random tracks."""
    return lambda period: _best(_noise(library, period), period)


def _liked(library: OwnLibrary, period: Period) -> tuple[Positions, NDArray[np.float64]]:
    """Return the heaviest liked tracks and their weights."""
    liked = [(weight, each) for each, weight in period.weights.items() if weight > 0 and each in library.places]
    liked = sorted(liked, key=lambda item: (-item[0], item[1]))[:CLUSTERED_MAX]
    return library.positions([each for _, each in liked]), np.array([weight for weight, _ in liked])


def _noise(library: OwnLibrary, period: Period) -> NDArray[np.float64]:
    """Return (n,): random numbers, 0 to 1; the same for the same period."""
    return np.random.default_rng([SEED, period.listener, int(period.at.timestamp())]).random(len(library))


def _best(scores: Array, period: Period) -> Positions:
    offered = scores.astype(np.float64)
    offered[period.barred] = -np.inf
    left = len(offered) - len(period.barred)
    count = min(DEPTH, left)
    if count == 0:
        return np.empty(0, dtype=np.intp)
    best = np.argpartition(-offered, count - 1)[:count]
    ranked: Positions = best[np.lexsort((best, -offered[best]))]
    return ranked
