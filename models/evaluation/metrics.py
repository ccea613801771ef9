"""Statistics of the evaluation: means and AUC with bootstrap intervals, and agreement with the teachers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from models.arrays import Float64Array

_RESAMPLES = 2000
_QUANTILES = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over tracks and its 95 % bootstrap intervals.

    Attributes:
        value: The mean.
        low: Lower end of the interval over tracks, which covers other tracks of the same packages.
        high: Its upper end.
        package_low: Lower end of the interval over packages, which covers other soundtracks. It is usually wider,
            because the tracks of a package are similar.
        package_high: Its upper end.
    """

    value: float
    low: float
    high: float
    package_low: float
    package_high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def figure(values: Float64Array, packages: Sequence[str]) -> Figure:
    """Return mean and intervals of (n,) values, one per track, with the tracks' n packages."""
    return Figure(float(values.mean()), *interval(values), *package_interval(values, packages))


def interval(values: Float64Array, seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % percentile bootstrap interval of the mean by resampling tracks.

    Args:
        values: (n,), one value per track.
        seed: Seed of the resampling.

    Returns:
        Lower and upper end.
    """
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), _QUANTILES)
    return float(low), float(high)


def package_interval(values: Float64Array, packages: Sequence[str], seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % percentile cluster bootstrap interval of the mean by resampling packages with all their tracks.

    Args:
        values: (n,), one value per track.
        packages: Packages of the n tracks.
        seed: Seed of the resampling.

    Returns:
        Lower and upper end.

    Source: Field & Welsh, "Bootstrapping clustered data", JRSS B 69 (2007).
    """
    _, owners = np.unique(np.asarray(packages), return_inverse=True)
    sums, counts = np.bincount(owners, weights=values), np.bincount(owners)
    drawn = np.random.default_rng(seed).integers(0, len(counts), size=(_RESAMPLES, len(counts)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), _QUANTILES)
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Area:
    """Area under the ROC curve and its 95 % bootstrap interval over tracks, all 0…1."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, scores: ArrayLike, positive: ArrayLike) -> "Area":
        """Measure the area and its interval; arguments and errors as for `auc`."""
        return cls(auc(scores, positive), *auc_interval(scores, positive))

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Compute the area under the ROC curve: the share of pairs in which the positive has the greater score.

    Args:
        scores: (n,), greater for positives.
        positive: (n,) of bool, with at least one True and one False.

    Returns:
        0…1; 0.5 is chance. A tie counts one half.

    Raises:
        ValueError: All labels are the same.
    """
    labels = np.asarray(positive, dtype=bool)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    if n_positive == 0 or n_negative == 0:
        raise ValueError("The area under the curve needs tracks of both classes.")
    ranks = rankdata(np.asarray(scores, dtype=np.float64))
    return float((ranks[labels].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def auc_interval(scores: ArrayLike, positive: ArrayLike, seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % percentile bootstrap interval of the area by resampling each class separately.

    Args:
        scores: As for `auc`.
        positive: As for `auc`.
        seed: Seed of the resampling.

    Returns:
        Lower and upper end.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    classes = (values[labels], values[~labels])
    random = np.random.default_rng(seed)
    truth = np.repeat([True, False], [len(each) for each in classes])
    areas = [
        auc(np.concatenate([random.choice(each, len(each)) for each in classes]), truth) for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(areas, _QUANTILES)
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Agreement of the encoder with the teachers over n tracks.

    Attributes:
        cosine: Mean cosine between the teachers' half-whitened features and the encoder's prediction of them.
        similarity_correlation: Pearson correlation, over all pairs of tracks, of the teachers' similarity with the
            similarity of embeddings, which are in another space.
        tag_correlation: Pearson correlation over tracks, mean over the tags.
    """

    cosine: float
    similarity_correlation: float
    tag_correlation: float


def fidelity(
    predicted: Float64Array,
    teachers: Float64Array,
    embeddings: Float64Array,
    student_tags: Float64Array,
    teacher_tags: Float64Array,
) -> Fidelity:
    """Compare the encoder's outputs for n tracks with the teachers'.

    Args:
        predicted: (n, d) unit vectors: the encoder's prediction of the teachers' half-whitened features.
        teachers: (n, d) unit vectors: the teachers' half-whitened features.
        embeddings: (n, e) unit vectors of the encoder.
        student_tags: (n, t), 0…1.
        teacher_tags: (n, t) of the same tags in the same order.

    Returns:
        The agreement.
    """
    pairs = np.triu_indices(len(teachers), k=1)
    return Fidelity(
        cosine=float((predicted * teachers).sum(axis=1).mean()),
        similarity_correlation=_correlation((embeddings @ embeddings.T)[pairs], (teachers @ teachers.T)[pairs]),
        tag_correlation=float(
            np.mean([_correlation(*columns) for columns in zip(student_tags.T, teacher_tags.T, strict=True)])
        ),
    )


def _correlation(first: Float64Array, second: Float64Array) -> float:
    """Pearson's r; 0 if one of the two is constant."""
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
