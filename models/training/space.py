"""The space that the student learns: where the teachers would place a window, with mood and timbre beside it.

* *vibe*, 86 axes: the teachers' 400 penultimate features half-whitened, then divided by the square root of what
  varies *within* a track (within-class covariance normalisation, Hatch et al. 2006), which is not what tells tracks
  apart; the 86 strongest axes, brought to length 1.
* *mood*, 2 axes: energy and valence as balances of the teachers' tags. Plain similarity averages over genre, voices
  and instruments; these axes let the feel count for more.
* *timbre*, 40 axes: whitened principal components of each band's mean, deviation and motion. They tell recordings
  apart that the teachers, made to name genres, confuse.

Everything is fitted on clean windows of the `[train]` packages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch

from models.network import TIMBRE_SIZE, VIBE_SIZE, band_statistics
from models.training.examples import Examples

# Tag balances: what speaks for energy and valence, and what speaks against them.
MOODS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "energy": (("mtt:fast", "mtt:loud"), ("mtt:slow", "mtt:soft")),
    "valence": (("msd:happy", "msd:party"), ("msd:sad", "msd:ambient")),
}

_HALF_WHITENED_AXES = 128
_WITHIN_POWER = 0.5  # of the within-track standard deviation: 0 leaves it, 1 removes it
_WITHIN_FLOOR = 0.3  # of the median within-track variance, added to each axis: no small one is blown up
SMALLEST_PROBABILITY = 1e-4
_SMALLEST_DEVIATION = 1e-3

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """What the student should say of n windows; units as in `models.network.Heard`, tags in standard deviations."""

    vibe: FloatArray
    mood: FloatArray
    timbre: FloatArray
    tags: FloatArray
    penultimate: FloatArray

    @classmethod
    def concatenated(cls, parts: Sequence["Targets"]) -> "Targets":
        """Join the windows of several tracks."""
        return cls(*[np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)])

    def at(self, indices: npt.NDArray[np.int64]) -> "Targets":
        """Take some of the windows."""
        return Targets(*[getattr(self, field.name)[indices] for field in fields(self)])


@dataclass(frozen=True, slots=True)
class VibeSpace:
    """A fitted space.

    Attributes:
        centre: (400,) of the teachers' features.
        projection: (400, 86).
        mood: (2, 2): mean and deviation of each balance.
        timbre_centre: (288,).
        timbre_projection: (288, 40).
        tags: (2, 100): mean and deviation of each tag's log-odds.
        penultimate: (2, 400): mean and deviation of each feature.
        balances: (2, 100): weight of each tag's log-odds in energy and in valence.
    """

    centre: FloatArray
    projection: FloatArray
    mood: FloatArray
    timbre_centre: FloatArray
    timbre_projection: FloatArray
    tags: FloatArray
    penultimate: FloatArray
    balances: FloatArray

    @classmethod
    def fit(cls, tracks: Sequence[Examples], tag_names: Sequence[str]) -> "VibeSpace":
        """Fit to clean windows.

        Args:
            tracks: The windows of each track.
            tag_names: Of the columns of `Examples.tags`.
        """
        features = [track.penultimate.astype(np.float32) for track in tracks]
        tags = np.concatenate([log_odds(track.tags) for track in tracks])
        statistics = np.concatenate([_statistics(track) for track in tracks])
        centre, half_whitening_axes = half_whitening(np.concatenate(features), _HALF_WHITENED_AXES)
        whitened = [np.asarray((track - centre) @ half_whitening_axes, dtype=np.float32) for track in features]
        damping: FloatArray = _between_tracks(whitened, VIBE_SIZE)
        balances = _balance_weights(tag_names)
        timbre_centre, _, timbre_axes, timbre_deviation = _principal(statistics, TIMBRE_SIZE)
        return cls(
            centre=centre,
            projection=half_whitening_axes @ damping,
            mood=_moments(tags @ balances.T),
            timbre_centre=timbre_centre,
            timbre_projection=(timbre_axes.T / timbre_deviation).astype(np.float32),
            tags=_moments(tags),
            penultimate=_moments(np.concatenate(features)),
            balances=balances,
        )

    def targets(self, examples: Examples) -> Targets:
        """Say where windows belong."""
        features = examples.penultimate.astype(np.float32)
        tags = log_odds(examples.tags)
        vibe = (features - self.centre) @ self.projection
        timbre = (_statistics(examples) - self.timbre_centre) @ self.timbre_projection
        return Targets(
            vibe=vibe / np.linalg.norm(vibe, axis=1, keepdims=True),
            mood=_standardised(tags @ self.balances.T, self.mood),
            timbre=timbre.astype(np.float32),
            tags=_standardised(tags, self.tags),
            penultimate=_standardised(features, self.penultimate),
        )


def half_whitening(features: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Fit: centre, principal axes, divided by the square root of each axis's standard deviation.

    Full whitening would make every axis count alike and amplify noise; none lets the few loudest axes decide.

    Args:
        features: (n, d) float32, n > size.
        size: Axes to keep.

    Returns:
        The centre (d,) and the projection (d, size); each axis's largest weight is positive, so that a second
        fit gives the same axes and not their mirror images.
    """
    centre, _, axes, deviation = _principal(features, size)
    return centre, (axes.T / np.sqrt(deviation)).astype(np.float32)


def _principal(values: FloatArray, size: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Centre (d,), the centred values, principal axes (size, d) and deviations along them (size,)."""
    centre = values.mean(axis=0, dtype=np.float64)
    centred = values - centre
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:size]
    peaks = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    deviation = singular[:size] / np.sqrt(len(values) - 1)
    return centre.astype(np.float32), centred, axes * np.sign(peaks), deviation


def _between_tracks(tracks: Sequence[FloatArray], size: int) -> FloatArray:
    """(d, size): damp the directions in which a track's own windows differ, keep the strongest axes."""
    within = np.cov(np.concatenate([track - track.mean(axis=0) for track in tracks]).T)
    variance, directions = np.linalg.eigh(within)
    damping = (variance + _WITHIN_FLOOR * np.median(variance)) ** (-_WITHIN_POWER / 2)
    damped = directions @ np.diag(damping) @ directions.T
    _, _, axes, _ = _principal(np.concatenate(tracks) @ damped.astype(np.float32), size)
    return np.asarray(damped @ axes.T, dtype=np.float32)


def _balance_weights(tag_names: Sequence[str]) -> FloatArray:
    weights = np.zeros((len(MOODS), len(tag_names)), dtype=np.float32)
    for row, sides in zip(weights, MOODS.values(), strict=True):
        for sign, names in zip((1.0, -1.0), sides, strict=True):
            row[[tag_names.index(name) for name in names]] = sign / len(names)
    return weights


def log_odds(probabilities: npt.NDArray[np.float16]) -> FloatArray:
    """Of probabilities of any shape, kept from 0 and 1."""
    bounded = probabilities.astype(np.float32).clip(SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    return np.asarray(np.log(bounded / (1.0 - bounded)), dtype=np.float32)


def _statistics(examples: Examples) -> FloatArray:
    statistics: FloatArray = band_statistics(torch.from_numpy(examples.log_mel.astype(np.float32))).numpy()
    return statistics


def _moments(values: FloatArray) -> FloatArray:
    return np.stack([values.mean(axis=0), np.maximum(values.std(axis=0), _SMALLEST_DEVIATION)])


def _standardised(values: FloatArray, moments: FloatArray) -> FloatArray:
    standardised: FloatArray = (values - moments[0]) / moments[1]
    return standardised
