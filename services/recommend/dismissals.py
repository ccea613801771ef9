"""Dismissed tastes: their plays do not count, and tracks of their kind rank lower."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from services.domain.listening import Profile, StoredTaste, Taste
from services.domain.track import Embedded, Vector
from services.recommend.taste import LENGTH_MIN

CENTRE_PLAYS = 25
"""Heaviest plays of a stored taste that its centre is computed from; more would hardly move it."""

KIND_COSINE = 0.3
"""Mean cosine of the plays of a taste to a dismissed centre from which on the taste is of the dismissed kind."""


def centre_plays(tastes: Iterable[StoredTaste]) -> set[str]:
    """Return the tracks whose embeddings `centre_of` needs."""
    return {track_id for taste in tastes for track_id in taste.plays[:CENTRE_PLAYS]}


def centre_of(taste: StoredTaste, tracks: Mapping[str, Embedded]) -> Vector | None:
    """Return the centre of a stored taste, of unit length; None if its plays left the library or have no direction."""
    vectors = [tracks[track_id].vector for track_id in taste.plays[:CENTRE_PLAYS] if track_id in tracks]
    total: Vector = np.sum(vectors, axis=0) if vectors else np.zeros(1, dtype=np.float32)
    length = float(np.linalg.norm(total))
    return None if length < LENGTH_MIN else total / length


def centres_of(tastes: Iterable[StoredTaste], tracks: Mapping[str, Embedded]) -> tuple[Vector, ...]:
    """Return the centres of the tastes that have one."""
    return tuple(centre for taste in tastes if (centre := centre_of(taste, tracks)) is not None)


def without_dismissed(
    weights: Mapping[str, float], dismissed: Iterable[StoredTaste], asked: Collection[str]
) -> dict[str, float]:
    """Return the weights without the plays of dismissed tastes; tracks that the request itself names stay."""
    gone = {track_id for taste in dismissed for track_id in taste.plays} - set(asked)
    return {track_id: weight for track_id, weight in weights.items() if weight <= 0 or track_id not in gone}


def avoiding(
    profile: Profile | None, avoided: tuple[Vector, ...], tracks: Mapping[str, Embedded], asked: Collection[str]
) -> Profile | None:
    """Return the profile without the tastes of a dismissed kind; None if no taste is left.

    Tastes with a track that the request itself names stay.
    """
    if profile is None or not avoided:
        return profile
    kept = tuple(taste for taste in profile.tastes if not _is_of_kind(taste, avoided, tracks, asked))
    return replace(profile, tastes=kept, avoided=avoided) if kept else None


def _is_of_kind(
    taste: Taste, avoided: Sequence[Vector], tracks: Mapping[str, Embedded], asked: Collection[str]
) -> bool:
    if not taste.plays or any(track_id in asked for track_id, _ in taste.plays):
        return False
    cosines = np.stack([tracks[track_id].vector for track_id, _ in taste.plays]) @ np.stack(avoided).T
    mean = np.average(cosines, axis=0, weights=[weight for _, weight in taste.plays])
    return bool(mean.max() >= KIND_COSINE)
