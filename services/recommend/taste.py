"""Weight listen events, and turn a weighted history into tastes and negatives."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.domain.listening import VERDICTS, EventKind, ListenEvent, Negative, Profile, Start, Taste
from services.domain.track import Embedded, Vector
from services.recommend.penalties import rejection_overlap

EVENT_WEIGHTS = {
    EventKind.PLAY: 1.0,
    EventKind.LIKE: 2.0,
    EventKind.SKIP: -1.0,
    EventKind.DISLIKE: -2.0,
    EventKind.BAN: -3.0,
}
"""Weight of one event by its kind: a like counts twice as much as a play."""

NEUTRAL_SHARE, WHOLE_SHARE = 0.3, 0.8
"""Shares of a track that was played: the first weighs 0, the second counts as a whole play, and 0 % is a rejection."""

UNDATED_AGE_DAYS = 365.0
"""Age that is assumed of plays whose times are unknown: they count as old ones."""


def weights_of(
    history: Iterable[ListenEvent],
    durations: Mapping[str, int | None],
    *,
    now: datetime,
    half_life_days: float,
    skip_weight: float = 1.0,
) -> dict[str, float]:
    """Return the weight of each track: positive if it is liked, negative if it is rejected.

    Args:
        history: Events in any order.
        durations: Milliseconds of each track; events of other tracks are ignored.
        now: Aware.
        half_life_days: Age at which an event has half its weight.
        skip_weight: Factor on the weight of skips, see `weight_of`.
    """
    weights: dict[str, float] = {}
    for event in sorted(history, key=lambda event: event.moment):
        if event.track_id in durations:
            weight = weight_of(
                event, durations[event.track_id], now=now, half_life_days=half_life_days, skip_weight=skip_weight
            )
            before = 0.0 if event.kind in VERDICTS else weights.get(event.track_id, 0.0)
            weights[event.track_id] = before + weight
    return weights


def weight_of(
    event: ListenEvent, duration_ms: int | None, *, now: datetime, half_life_days: float, skip_weight: float = 1.0
) -> float:
    """Return the weight of one event.

    If the played share is known, it replaces the weight of a play or a skip. A skip is never positive. `skip_weight` is
    a factor on the weight of skips and of plays that were as good as skips.
    """
    weight = EVENT_WEIGHTS[event.kind]
    age_days = 0.0
    if event.kind not in VERDICTS and event.played_ms is not None and duration_ms:
        weight = _played_weight(event.played_ms / duration_ms)
        if event.kind == EventKind.SKIP:
            weight = min(weight, 0.0)
    if weight < 0 and event.kind not in VERDICTS:
        weight *= skip_weight
    if event.undated_plays is not None:
        weight *= event.undated_plays
        age_days = UNDATED_AGE_DAYS
    elif event.at is not None:
        age_days = max(0.0, (now - event.at).total_seconds() / 86400)
    fade: float = 0.5 ** (age_days / half_life_days)
    return weight * fade


def _played_weight(share: float) -> float:
    """Return the weight of a play of this share of a track, interpolated between -1 and 1."""
    if share < NEUTRAL_SHARE:
        return share / NEUTRAL_SHARE - 1.0
    return min(1.0, (share - NEUTRAL_SHARE) / (WHOLE_SHARE - NEUTRAL_SHARE))


def with_start(
    weights: Mapping[str, float], start: Start | None, ready: Collection[str], *, now: datetime, half_life_days: float
) -> dict[str, float]:
    """Return the weights of a history with those of a listener's start.

    Each choice of the start counts as one play at its time, so its influence fades with every real play. A track with
    events of its own counts by these only.
    """
    merged = dict(weights)
    if start is None:
        return merged
    for play in start.plays:
        if play.track_id in ready and play.track_id not in weights:
            event = ListenEvent(play.track_id, at=start.at)
            weight = play.share * weight_of(event, None, now=now, half_life_days=half_life_days)
            merged[play.track_id] = merged.get(play.track_id, 0.0) + weight
    return merged


TASTES_MAX = 4
"""Tastes of one listener."""

MERGE_COSINE = 0.1
"""Groups whose means have at least this cosine are merged into one taste."""

CLUSTERED_MAX = 200
"""Heaviest plays that are clustered; the others join the nearest taste."""

PLAYS_PER_REJECTION = 3.0
"""Number of plays whose weight a taste loses by one rejection of full strength and overlap."""

FULL_OVERLAP_COSINE = 0.4
"""Cosine to a taste from which on a rejection counts fully against it: most of its own plays are no nearer."""

LENGTH_MIN = 1e-6
"""A weighted sum shorter than this has no direction: the plays cancel each other out."""

Array = NDArray[np.float64]


def ward_clusters(points: Array, weights: Array) -> list[NDArray[np.intp]]:
    """Cluster weighted points by Ward's method (1963) into at most `TASTES_MAX` groups, fewer if these are similar.

    Args:
        points: (n, d), n ≥ 1.
        weights: (n,), > 0.

    Returns:
        Indices of the points of each group.
    """
    masses = weights.copy()
    members = [[index] for index in range(len(points))]
    alive = np.ones(len(points), dtype=bool)
    costs = _merge_costs(points, masses)
    for left in range(len(points), 1, -1):
        kept, merged = divmod(int(costs.argmin()), len(points))
        means = (_mean(points, weights, members[group]) for group in (kept, merged))
        if left <= TASTES_MAX and _cosine(*means) < MERGE_COSINE:
            break
        # Lance–Williams update of Ward's criterion.
        row = (masses + masses[kept]) * costs[kept] + (masses + masses[merged]) * costs[merged]
        row = (row - masses * costs[kept, merged]) / (masses + masses[kept] + masses[merged])
        masses[kept] += masses[merged]
        members[kept] += members[merged]
        alive[merged] = False
        costs[kept], costs[:, kept] = row, row
        costs[merged], costs[:, merged] = np.inf, np.inf
    return [np.array(members[index]) for index in np.flatnonzero(alive)]


def _mean(points: Array, weights: Array, group: Sequence[int] | NDArray[np.intp]) -> Array:
    share = weights[group]
    mean: Array = share @ points[group] / share.sum()
    return mean


def _merge_costs(centres: Array, masses: Array) -> Array:
    """Return (n, n): the variance that merging two points adds; infinite on the diagonal."""
    squares = np.square(centres).sum(1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * centres @ centres.T, 0.0)
    costs: Array = masses[:, None] * masses[None] / (masses[:, None] + masses[None]) * distances
    np.fill_diagonal(costs, np.inf)
    return costs


def _cosine(one: Array, other: Array) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0


def profile_of(weights: Mapping[str, float], tracks: Mapping[str, Embedded]) -> Profile | None:
    """Return the tastes and negatives of a weighted history.

    Args:
        weights: Weight of each track, from `weights_of`. Only their proportions matter, so an old history has the same
            effect as a new one.
        tracks: Embeddings of these tracks.

    Returns:
        None if no taste has a direction. A history with rejections only has one taste: their opposite.
    """
    strongest = max(map(abs, weights.values()), default=0.0)
    if strongest == 0:
        return None
    shares = {track_id: weight / strongest for track_id, weight in weights.items()}
    negatives = tuple(
        Negative(track_id, tracks[track_id].vector, -share) for track_id, share in shares.items() if share < 0
    )
    liked = sorted((item for item in shares.items() if item[1] > 0), key=lambda item: (-item[1], item[0]))
    tastes = _tastes(liked, tracks) if liked else _opposite_of(negatives)
    kept = [taste for taste in (_after_rejections(taste, negatives) for taste in tastes) if taste.weight > 0]
    kept = kept or tastes  # if every taste was rejected, the negatives still order the answer
    return Profile(tuple(sorted(kept, key=lambda taste: -taste.weight)), negatives) if kept else None


def _tastes(liked: list[tuple[str, float]], tracks: Mapping[str, Embedded]) -> list[Taste]:
    vectors = np.stack([tracks[track_id].vector for track_id, _ in liked]).astype(np.float64)
    weights = np.array([weight for _, weight in liked])
    groups = ward_clusters(vectors[:CLUSTERED_MAX], weights[:CLUSTERED_MAX])
    centres = np.stack([_mean(vectors, weights, group) for group in groups])
    rest = len(liked) > CLUSTERED_MAX
    nearest = (vectors[CLUSTERED_MAX:] @ centres.T).argmax(1) if rest else np.empty(0, dtype=int)
    tastes = []
    for index, group in enumerate(groups):
        members = np.concatenate([np.sort(group), CLUSTERED_MAX + np.flatnonzero(nearest == index)])
        vector = _direction(_mean(vectors, weights, members))
        if vector is not None:
            plays = tuple(liked[member] for member in members)
            tastes.append(Taste(vector, float(weights[members].sum()), plays))
    return tastes


def _opposite_of(negatives: tuple[Negative, ...]) -> list[Taste]:
    vector = _direction(-np.sum([negative.strength * negative.vector for negative in negatives], axis=0))
    return [] if vector is None else [Taste(vector, 1.0, ())]


def _after_rejections(taste: Taste, negatives: tuple[Negative, ...]) -> Taste:
    """Return the taste with less weight for every rejection of similar tracks."""
    if not negatives:
        return taste
    overlaps = rejection_overlap([negative.vector @ taste.vector for negative in negatives], FULL_OVERLAP_COSINE)
    lost = float(overlaps @ [negative.strength for negative in negatives])
    return Taste(taste.vector, max(0.0, taste.weight - PLAYS_PER_REJECTION * lost), taste.plays)


def _direction(total: Array) -> Vector | None:
    length = float(np.linalg.norm(total))
    return None if length < LENGTH_MIN else (total / length).astype(np.float32)
