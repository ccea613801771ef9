"""Predicted skips: a logistic regression on what followed logged recommendations."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OUTCOMES_MIN = 50
"""Skips, and listens without a skip, that a prediction needs at least."""

FOLDS = 5

STEPS = 25
"""Newton steps; few are needed."""

RIDGE = 1e-3
"""Penalty of large coefficients, so that separable outcomes have finite ones."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SkipModel:
    """The probability that a recommended track is skipped, given features.

    Attributes:
        coefficients: (k + 1,), of the standardised features; the first is the intercept.
        means: (k,), of the features.
        scales: (k,), their standard deviations.
        auc: Probability that a skipped track had the higher prediction than one that was not, on outcomes of listeners
            that it was not fitted on; 0.5 is chance.
    """

    coefficients: Array
    means: Array
    scales: Array
    auc: float

    def probabilities(self, features: Array) -> Array:
        """Return (n,): the probabilities of skips, for (n, k) features."""
        return _probabilities((features - self.means) / self.scales, self.coefficients)


def fit(features: Array, skipped: NDArray[np.bool_], groups: NDArray[np.intp]) -> SkipModel | None:
    """Return the model of outcomes; None if there are too few of them.

    Args:
        features: (n, k).
        skipped: (n,).
        groups: (n,): numbers that are equal for outcomes of the same listener, which are in the same fold.
    """
    if min(skipped.sum(), (~skipped).sum()) < OUTCOMES_MIN:
        return None
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    standardised = (features - means) / scales
    predicted = np.full(len(skipped), np.nan)
    _, numbers = np.unique(groups, return_inverse=True)
    for fold in range(FOLDS):
        held_out = numbers % FOLDS == fold
        if held_out.any() and not held_out.all():
            coefficients = _fitted(standardised[~held_out], skipped[~held_out])
            predicted[held_out] = _probabilities(standardised[held_out], coefficients)
    known = ~np.isnan(predicted)
    return SkipModel(_fitted(standardised, skipped), means, scales, auc(predicted[known], skipped[known]))


def auc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: ties count a half; NaN without a positive or without a negative one."""
    positives, negatives = scores[positive], np.sort(scores[~positive])
    if not len(positives) or not len(negatives):
        return float("nan")
    below, up_to = (np.searchsorted(negatives, positives, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(negatives)))


def _fitted(features: Array, positive: NDArray[np.bool_]) -> Array:
    """Return the coefficients by Newton's method (iteratively reweighted least squares)."""
    design = np.column_stack([np.ones(len(features)), features])
    coefficients = np.zeros(design.shape[1])
    penalty = RIDGE * len(design) * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    for _ in range(STEPS):
        probabilities = _probabilities(features, coefficients)
        gradient = design.T @ (positive - probabilities) - penalty @ coefficients
        curvature = (design * (probabilities * (1 - probabilities))[:, None]).T @ design + penalty
        coefficients += np.linalg.solve(curvature + 1e-9 * np.eye(len(curvature)), gradient)
    return coefficients


def _probabilities(features: Array, coefficients: Array) -> Array:
    logits = coefficients[0] + features @ coefficients[1:]
    probabilities: Array = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return probabilities
