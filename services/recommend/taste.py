"""What a listener likes: tastes, several where the history has several, and what they rejected."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from services.domain.listening import Negative, Profile, Taste
from services.domain.track import Embedded, Vector

MOST = 4
"""Tastes a listener may have at once."""

COHERENT = 0.1
"""Cosine between the means of two groups from which on they are one."""

Array = NDArray[np.float64]


def clusters(points: Array, weights: Array) -> list[NDArray[np.intp]]:
    """Group points so that at most `MOST` groups are left, fewer where they are alike.

    Args:
        points: (n, d), n ≥ 1.
        weights: (n,), > 0.

    Returns:
        Indices of the points of each group.
    """
    masses = weights.copy()
    members = [np.array([index]) for index in range(len(points))]
    alive = np.ones(len(points), dtype=bool)
    costs = _costs(points, masses)
    for left in range(len(points), 1, -1):
        kept, joined = divmod(int(costs.argmin()), len(points))
        if left <= MOST and _cosine(*(_mean(points, weights, members[group]) for group in (kept, joined))) < COHERENT:
            break
        row = (masses + masses[kept]) * costs[kept] + (masses + masses[joined]) * costs[joined]
        row = (row - masses * costs[kept, joined]) / (masses + masses[kept] + masses[joined])
        masses[kept] += masses[joined]
        members[kept] = np.concatenate([members[kept], members[joined]])
        alive[joined] = False
        costs[kept], costs[:, kept] = row, row
        costs[joined], costs[:, joined] = np.inf, np.inf
    return [members[index] for index in np.flatnonzero(alive)]


def _mean(points: Array, weights: Array, group: NDArray[np.intp]) -> Array:
    mean: Array = np.average(points[group], axis=0, weights=weights[group])
    return mean


def _costs(centres: Array, masses: Array) -> Array:
    """(n, n): how much variance joining two points adds; infinite on the diagonal."""
    squares = np.square(centres).sum(1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * centres @ centres.T, 0.0)
    costs: Array = masses[:, None] * masses[None] / (masses[:, None] + masses[None]) * distances
    np.fill_diagonal(costs, np.inf)
    return costs


def _cosine(one: Array, other: Array) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0


CLUSTERED = 200
"""The heaviest plays decide what tastes there are; the others join the nearest."""

SETBACK = 3.0
"""How many plays of a taste a rejection of its kind takes back."""

CLOSE = 0.1
"""Cosine at which a rejection begins to concern what lies near it."""

OF_ITS_KIND = 0.4
"""Cosine to a taste from which on a rejection concerns it wholly: most of its own plays lie no nearer."""

LEAST_LENGTH = 1e-6
"""A sum this short beside its strongest part has no direction: what was liked cancels out."""


def profile_of(weights: Mapping[str, float], tracks: Mapping[str, Embedded]) -> Profile | None:
    """Tastes and negatives of a weighted history.

    Args:
        weights: Of tracks, from `weights_of`; only proportions matter: old histories say as much as today's.
        tracks: Embeddings of these tracks.

    Returns:
        None when nothing has a direction. A history of rejections alone has one taste: away from them.
    """
    strongest = max(map(abs, weights.values()), default=0.0)
    if strongest == 0:
        return None
    shares = {track_id: weight / strongest for track_id, weight in weights.items()}
    negatives = tuple(
        Negative(track_id, tracks[track_id].vector, -share) for track_id, share in shares.items() if share < 0
    )
    liked = sorted((item for item in shares.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    tastes = _tastes(liked, tracks) if liked else _away_from(negatives)
    kept = [taste for taste in (_set_back(taste, negatives) for taste in tastes) if taste.weight > 0]
    kept = kept or tastes  # everything was rejected as well: the negatives still order the answer
    return Profile(tuple(sorted(kept, key=lambda taste: -taste.weight)), negatives) if kept else None


def _tastes(liked: list[tuple[str, float]], tracks: Mapping[str, Embedded]) -> list[Taste]:
    vectors = np.stack([tracks[track_id].vector for track_id, _ in liked]).astype(np.float64)
    weights = np.array([weight for _, weight in liked])
    groups = clusters(vectors[:CLUSTERED], weights[:CLUSTERED])
    centres = np.stack([np.average(vectors[group], axis=0, weights=weights[group]) for group in groups])
    nearest = (vectors[CLUSTERED:] @ centres.T).argmax(1) if len(liked) > CLUSTERED else np.empty(0, dtype=int)
    tastes = []
    for index, group in enumerate(groups):
        members = np.concatenate([np.sort(group), CLUSTERED + np.flatnonzero(nearest == index)])
        vector = _direction(np.average(vectors[members], axis=0, weights=weights[members]))
        if vector is not None:
            plays = tuple(liked[member] for member in members)
            tastes.append(Taste(vector, float(weights[members].sum()), plays))
    return tastes


def _away_from(negatives: tuple[Negative, ...]) -> list[Taste]:
    vector = _direction(-np.sum([negative.strength * negative.vector for negative in negatives], axis=0))
    return [] if vector is None else [Taste(vector, 1.0, ())]


def _set_back(taste: Taste, negatives: tuple[Negative, ...]) -> Taste:
    """The taste with less weight for every rejection that concerns it."""
    concerned = (concern(negative.vector @ taste.vector, wholly=OF_ITS_KIND) for negative in negatives)
    lost = SETBACK * sum(negative.strength * float(share) for negative, share in zip(negatives, concerned, strict=True))
    return Taste(taste.vector, max(0.0, taste.weight - lost), taste.plays)


def _direction(total: Array) -> Vector | None:
    length = float(np.linalg.norm(total))
    return None if length < LEAST_LENGTH else (total / length).astype(np.float32)


def concern(cosine: npt.ArrayLike, wholly: float = 1.0) -> Array:
    """How far a rejection concerns what lies at these cosines from it: 0 up to `CLOSE`, 1 from `wholly` on."""
    concerned: Array = np.clip((np.asarray(cosine, dtype=np.float64) - CLOSE) / (wholly - CLOSE), 0.0, 1.0)
    return concerned
