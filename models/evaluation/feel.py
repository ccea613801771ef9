"""The right feel: do a track's neighbours from *other* soundtracks have its energy and its valence?

Finding the rest of a soundtrack may be done by its composer's sound alone. Here the own soundtrack is left out, and
what remains is judged by tags that the teachers give, never by the encoder's own attributes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

_NEIGHBOURS = 10
_SMALLEST_PROBABILITY = 1e-4  # keeps the log-odds of a tag that is never given finite

FloatArray = npt.NDArray[np.float64]


class Axis(NamedTuple):
    """Tags that speak for a feeling, and those that speak against it."""

    favouring: tuple[str, ...]
    opposing: tuple[str, ...]


AXES = {
    "energy": Axis(("mtt:fast", "mtt:loud"), ("mtt:slow", "mtt:soft")),
    "valence": Axis(("msd:happy", "msd:party"), ("msd:sad", "msd:ambient")),
}

# A second opinion: an encoder may have been trained towards the tags above, and then does better by them than by ears.
# The remaining tags of energy and valence in `models.attributes`.
OTHER_AXES = {
    "energy, other tags": Axis(
        ("mtt:drums", "mtt:beat", "mtt:metal", "mtt:rock", "msd:punk"),
        ("mtt:quiet", "mtt:ambient", "msd:chillout", "msd:Mellow"),
    ),
    "valence, other tags": Axis(("msd:catchy", "msd:funk", "mtt:pop"), ("msd:experimental", "mtt:weird")),
}


def judged_ranks(tags: npt.ArrayLike, names: Sequence[str], axis: Axis) -> FloatArray:
    """Rank tracks on one axis by their tags.

    Args:
        tags: (n_tracks, n_tags) mean probabilities of each track, 0…1, of the teachers.
        names: The n_tags names.
        axis: Which tags speak for and against; the mean log-odds of the second are subtracted from the first's.

    Returns:
        (n_tracks,) from 0, the least, to 1; equals share the mean of their ranks.

    Raises:
        ValueError: a tag of the axis is not among the names.
    """
    bounded = np.clip(np.asarray(tags, dtype=np.float64), _SMALLEST_PROBABILITY, 1.0 - _SMALLEST_PROBABILITY)
    log_odds = np.log(bounded / (1.0 - bounded))
    favouring = log_odds[:, [names.index(name) for name in axis.favouring]].mean(axis=1)
    opposing = log_odds[:, [names.index(name) for name in axis.opposing]].mean(axis=1)
    ranks: FloatArray = (rankdata(favouring - opposing) - 1.0) / max(len(log_odds) - 1, 1)
    return ranks


def feel_distance(
    similarity: FloatArray, soundtracks: Sequence[str], ranks: FloatArray, k: int = _NEIGHBOURS
) -> FloatArray:
    """How far each track's neighbours are from it on one axis.

    Args:
        similarity: (n, n) of whole tracks; greater is nearer. The diagonal is not looked at.
        soundtracks: The n tracks' soundtracks; a track's own is left out of its neighbours.
        ranks: (n,) place of each track on the axis, 0…1, as `judged_ranks` gives them.
        k: Neighbours.

    Returns:
        (n,) mean absolute rank distance to the k nearest tracks of other soundtracks, 0…1. Neighbours drawn at
        random give about a third.

    Raises:
        ValueError: a track has fewer than k tracks in other soundtracks.
    """
    labels = np.asarray(soundtracks)
    same = labels[:, None] == labels[None]
    if int((~same).sum(axis=1).min()) < k:
        raise ValueError(f"Each track needs at least {k} tracks of other soundtracks.")
    nearest = np.argsort(-np.where(same, -np.inf, similarity), axis=1, kind="stable")[:, :k]
    distances: FloatArray = np.abs(ranks[nearest] - ranks[:, None]).mean(axis=1)
    return distances
