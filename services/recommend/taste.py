"""What a listener likes: tastes, several where the history has several, and what they rejected."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from services.domain.listening import Negative, Profile, Taste
from services.domain.track import Embedded, Vector
from services.recommend.ward import clusters

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

Array = npt.NDArray[np.float64]


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
