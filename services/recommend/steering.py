"""Steering: how the words and pictures of a question change the scores of all candidates.

A text's cosines to tracks are lower than the cosines between tracks, and each text has a level and a spread of its own.
They are therefore compared in standard deviations of the library; the spread of the tastes translates them to cosines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.listening import Profile, Taste
from services.domain.track import Embedded, Vector
from services.domain.words import VectorKind, WeightedText, WeightedVector
from services.recommend.penalties import Sample

SAMPLE_MIN = 20
"""Smallest sample of the library that levels and spreads are estimated from."""

USUAL_SPREAD = 0.2
"""Standard deviation of cosines in a library with a smaller sample."""

SPREAD_MIN = 0.01
"""Smallest standard deviation of a vector's cosines; a library of one recording has none."""

LESS_WEIGHT = 0.7
"""Factor on the weight of vectors that the question asks for less of."""

LESS_FROM = -1.0
"""Standard deviations from the library's mean above which a track is penalised for an undesired vector."""

Array = NDArray[np.float64]


class Steering:
    """The vectors of a question, and the level and spread of their cosines in the library."""

    def __init__(self, vectors: Sequence[WeightedVector], sample: Sample, tastes: Sequence[Taste] = ()) -> None:
        self._named = vectors
        self._vectors = np.array([each.vector for each in vectors], dtype=np.float64)
        weights = np.array([each.weight for each in vectors])
        self._wanted: Array = np.maximum(weights, 0.0)
        self._unwanted: Array = LESS_WEIGHT * np.maximum(-weights, 0.0)
        self._levels, self._spreads = _levels_and_spreads(self._vectors, sample)
        queries = np.array([taste.vector for taste in tastes])
        self._unit = float(_levels_and_spreads(queries, sample)[1].mean()) if tastes and vectors else USUAL_SPREAD

    @property
    def share(self) -> float:
        """The share of the desired vectors in a score, 0 to 1; the rest is the share of the tastes."""
        wanted = float(self._wanted.sum())
        return wanted / (1 + wanted)

    def shifted(self, queries: Sequence[Vector]) -> list[Vector]:
        """Return the unit vectors of index queries, shifted towards the desired and away from the other vectors."""
        if not len(self._named):
            return list(queries)
        weights = self._in_score() - self._unwanted
        shift = self._unit * (weights / self._spreads) @ self._vectors
        return [_unit_vector((1 - self.share) * query + shift, query) for query in queries]

    def scores(self, vectors: NDArray[Any]) -> Array:
        """Return (n,): what the question's vectors add to the scores of n tracks with these vectors, in cosine."""
        if not len(self._named):
            return np.zeros(len(vectors))
        standing = self._standing(vectors)
        return self._unit * (standing @ self._in_score() - np.maximum(standing, LESS_FROM) @ self._unwanted)

    def reasons(self, vector: Vector) -> tuple[str, ...]:
        """Return the reasons for a track among the desired vectors, most influential first."""
        if not len(self._named):
            return ()
        gains = self._wanted * self._standing(vector[None])[0]
        order = np.argsort(-gains, kind="stable").tolist()
        return tuple(dict.fromkeys(self._named[index].reason for index in order if gains[index] > 0))

    def _in_score(self) -> Array:
        """Return (m,): the share of each desired vector in a score."""
        shares: Array = self._wanted / (1 + self._wanted.sum())
        return shares

    def _standing(self, vectors: NDArray[Any]) -> Array:
        """Return (n, m): how many standard deviations each track is nearer to a vector than the library's mean."""
        standing: Array = (vectors @ self._vectors.T - self._levels) / self._spreads
        return standing


def _levels_and_spreads(vectors: NDArray[Any], sample: Sample) -> tuple[Array, Array]:
    """Return the mean and the standard deviation of each vector's cosines to the tracks of a sample."""
    if len(sample.vectors) < SAMPLE_MIN or not len(vectors):
        return np.zeros(len(vectors)), np.full(len(vectors), USUAL_SPREAD)
    cosines = vectors @ sample.vectors.T.astype(np.float64)
    return cosines.mean(1), np.maximum(cosines.std(1), SPREAD_MIN)


def _unit_vector(vector: Array, otherwise: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return otherwise if length < SPREAD_MIN else (vector / length).astype(np.float32)


def steered(profile: Profile | None, vectors: Sequence[WeightedVector]) -> Profile | None:
    """Return the profile of a history with the vectors of a question.

    If the history has no plays, the vectors are its only taste: the mean of the desired vectors, or the opposite of the
    others.
    """
    if not vectors:
        return profile
    if profile is not None and any(taste.plays for taste in profile.tastes):
        return replace(profile, vectors=tuple(vectors))
    wanted = [each for each in vectors if each.weight > 0]
    taste = _taste_of(wanted or vectors)
    tastes = (taste,) if taste is not None and (wanted or profile is None) else profile.tastes if profile else ()
    negatives = profile.negatives if profile else ()
    return Profile(tastes, negatives, tuple(vectors)) if tastes else None


def example_vectors(words: Sequence[WeightedText], tracks: Mapping[str, Embedded]) -> list[WeightedVector]:
    """Return the vectors of the ready tracks that texts name as examples; those of a text share its weight."""
    vectors = []
    for text in words:
        ready = [name for name in dict.fromkeys(text.understood.like) if name in tracks]
        for name in ready:
            vector = tuple(tracks[name].vector.tolist())
            vectors.append(WeightedVector(name, vector, text.weight / len(ready), VectorKind.TRACK))
    return vectors


def _taste_of(vectors: Sequence[WeightedVector]) -> Taste | None:
    total = np.array([each.weight for each in vectors]) @ np.array([each.vector for each in vectors])
    length = float(np.linalg.norm(total))
    if length < SPREAD_MIN:  # the vectors cancel each other out
        return None
    label = ", ".join(dict.fromkeys(each.label for each in vectors if each.weight > 0))
    return Taste((total / length).astype(np.float32), 1.0, (), label or None)
