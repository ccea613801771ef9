"""The vibe space that the student learns: targets of the embedding, fitted on the teachers' outputs.

* *vibe*, 86 axes: the teachers' 400 penultimate features, half-whitened, then divided by the square root of the
  standard deviation *within* tracks (within-class covariance normalisation, Hatch et al. 2006), which does not
  distinguish tracks; the 86 strongest axes, scaled to length 1.
* *mood*, 2 axes: energy and valence as balances of the teachers' tags. They give the mood more weight than the vibe
  axes do, which average over genre, voices and instruments.
* *timbre*, 40 axes: whitened principal components of each band's mean, deviation and motion. They separate recordings
  that the teachers, trained on genre tags, confuse.

Everything is fitted on clean windows of the `[train]` packages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray

from models.arrays import Float32Array, unit_rows
from models.network import TIMBRE_SIZE, VIBE_SIZE, band_statistics
from models.tag_balances import MOOD_BALANCES, log_odds
from models.training.examples import Examples

_HALF_WHITENED_AXES = 128
_WITHIN_POWER = 0.5  # of the within-track standard deviation: 0 keeps it, 1 removes it
_WITHIN_FLOOR = 0.3  # of the median within-track variance, added to each axis: limits the gain of small ones
_SMALLEST_DEVIATION = 1e-3


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of the student for n windows.

    Attributes:
        vibe: (n, 86) of length 1.
        mood: (n, 2), standard deviations.
        timbre: (n, 40), standard deviations.
        tags: (n, 100) log-odds, standard deviations.
        penultimate: (n, 400) features of the teachers, standard deviations.
    """

    vibe: Float32Array
    mood: Float32Array
    timbre: Float32Array
    tags: Float32Array
    penultimate: Float32Array

    @classmethod
    def concatenated(cls, parts: Sequence["Targets"]) -> "Targets":
        """Join the windows of several tracks."""
        return cls(*[np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)])

    def at(self, indices: NDArray[np.int64]) -> "Targets":
        """Return the targets of some of the windows."""
        return Targets(*[getattr(self, field.name)[indices] for field in fields(self)])


@dataclass(frozen=True, slots=True)
class VibeSpace:
    """A fitted vibe space.

    Attributes:
        centre: (400,), mean of the teachers' features.
        projection: (400, 86), from centred features to the vibe axes.
        mood: (2, 2): mean and standard deviation of each balance.
        timbre_centre: (288,).
        timbre_projection: (288, 40).
        tags: (2, 100): mean and standard deviation of each tag's log-odds.
        penultimate: (2, 400): mean and standard deviation of each feature.
        balances: (2, 100): weight of each tag's log-odds in energy and in valence.
    """

    centre: Float32Array
    projection: Float32Array
    mood: Float32Array
    timbre_centre: Float32Array
    timbre_projection: Float32Array
    tags: Float32Array
    penultimate: Float32Array
    balances: Float32Array

    @classmethod
    def fit(cls, tracks: Sequence[Examples], tag_names: Sequence[str]) -> "VibeSpace":
        """Fit the space to clean windows.

        Args:
            tracks: The examples of each track.
            tag_names: Names of the columns of `Examples.tags`.

        Returns:
            The fitted space.

        Raises:
            ValueError: A tag of `MOOD_BALANCES` is not among the names.
        """
        features = [track.penultimate.astype(np.float32) for track in tracks]
        tags = np.concatenate([log_odds(track.tags.astype(np.float32)) for track in tracks])
        statistics = np.concatenate([_statistics(track) for track in tracks])
        centre, half_whitening_axes = half_whitening(np.concatenate(features), _HALF_WHITENED_AXES)
        whitened = [np.asarray((track - centre) @ half_whitening_axes, dtype=np.float32) for track in features]
        damping: Float32Array = _between_tracks(whitened, VIBE_SIZE)
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
        """Return the targets of n windows, float32."""
        features = examples.penultimate.astype(np.float32)
        tags = log_odds(examples.tags.astype(np.float32))
        vibe = np.asarray((features - self.centre) @ self.projection, dtype=np.float32)
        timbre = (_statistics(examples) - self.timbre_centre) @ self.timbre_projection
        return Targets(
            vibe=unit_rows(vibe),
            mood=_standardised(tags @ self.balances.T, self.mood),
            timbre=timbre.astype(np.float32),
            tags=_standardised(tags, self.tags),
            penultimate=_standardised(features, self.penultimate),
        )


def half_whitening(features: Float32Array, size: int) -> tuple[Float32Array, Float32Array]:
    """Fit half-whitening: centring, then principal axes divided by the square root of their standard deviation.

    Full whitening would give every axis the same weight and amplify noise. Without whitening, the few axes of greatest
    variance dominate.

    Args:
        features: (n, d) float32, n > size.
        size: Number of axes to keep.

    Returns:
        The centre (d,) and the projection (d, size), float32. The largest weight of each axis is positive, so that
        another fit gives the same axes and not their mirror images.
    """
    centre, _, axes, deviation = _principal(features, size)
    return centre, (axes.T / np.sqrt(deviation)).astype(np.float32)


def _principal(values: Float32Array, size: int) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array]:
    """Centre (d,), the centred values, principal axes (size, d) and standard deviations along them (size,)."""
    centre = values.mean(axis=0, dtype=np.float64)
    centred = values - centre
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:size]
    peaks = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    deviation = singular[:size] / np.sqrt(len(values) - 1)
    return centre.astype(np.float32), centred, axes * np.sign(peaks), deviation


def _between_tracks(tracks: Sequence[Float32Array], size: int) -> Float32Array:
    """Damp the directions in which windows of the same track differ, and keep the strongest axes: (d, size)."""
    within = np.cov(np.concatenate([track - track.mean(axis=0) for track in tracks]).T)
    variance, directions = np.linalg.eigh(within)
    damping = (variance + _WITHIN_FLOOR * np.median(variance)) ** (-_WITHIN_POWER / 2)
    damped = directions @ np.diag(damping) @ directions.T
    _, _, axes, _ = _principal(np.concatenate(tracks) @ damped.astype(np.float32), size)
    return np.asarray(damped @ axes.T, dtype=np.float32)


def _balance_weights(tag_names: Sequence[str]) -> Float32Array:
    weights = np.zeros((len(MOOD_BALANCES), len(tag_names)), dtype=np.float32)
    for row, sides in zip(weights, MOOD_BALANCES.values(), strict=True):
        for sign, names in zip((1.0, -1.0), sides, strict=True):
            row[[tag_names.index(name) for name in names]] = sign / len(names)
    return weights


def _statistics(examples: Examples) -> Float32Array:
    statistics: Float32Array = band_statistics(torch.from_numpy(examples.log_mel.astype(np.float32))).numpy()
    return statistics


def _moments(values: Float32Array) -> Float32Array:
    return np.stack([values.mean(axis=0), np.maximum(values.std(axis=0), _SMALLEST_DEVIATION)])


def _standardised(values: Float32Array, moments: Float32Array) -> Float32Array:
    standardised: Float32Array = (values - moments[0]) / moments[1]
    return standardised
