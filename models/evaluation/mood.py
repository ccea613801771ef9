"""Mood: are pieces that their composers call battle music told from those they call calm?

File names are the one label that the makers of the music gave themselves. Loudness alone tells many of these pieces
apart, so everything is measured again on tracks whose windows were all brought to one level.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

# Chosen by reading the corpus's file names, before any figure was computed, and not changed since.
AGITATED_WORDS = ("battle", "boss", "combat", "fight")
CALM_WORDS = ("calm", "peace", "sad", "ambient", "relax", "meditation")

_NEIGHBOURS = 5
_RESAMPLES = 2000
_TAIL = 0.025
_EQUAL_RMS = 10 ** (-20 / 20)
_SMALLEST_RMS = 1e-5

FloatArray = npt.NDArray[np.float64]


def mood_of(name: str) -> bool | None:
    """Read a file's name: True for agitated, False for calm, None where it says neither or both.

    A name is searched for the words anywhere, in any case: "bossattack" and "TechBattle" are single words.
    """
    agitated, calm = (
        re.search("|".join(words), name, re.IGNORECASE) is not None for words in (AGITATED_WORDS, CALM_WORDS)
    )
    return None if agitated == calm else agitated


def equalised(windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring each window of (n_windows, n_samples) to −20 dBFS RMS by itself, so that no level is left to tell by."""
    rms = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1, keepdims=True))
    level: npt.NDArray[np.float32] = (windows * (_EQUAL_RMS / np.maximum(rms, _SMALLEST_RMS))).astype(np.float32)
    return level


def auc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Area under the ROC curve: how often a positive scores above a negative; a tie counts half.

    Args:
        scores: (n,), greater for what should be positive.
        positive: (n,) of bool, with at least one True and one False.

    Returns:
        0…1; 0.5 is chance.

    Raises:
        ValueError: all labels are the same.
    """
    labels = np.asarray(positive, dtype=bool)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    if n_positive == 0 or n_negative == 0:
        raise ValueError("The area under the curve needs tracks of both sides.")
    ranks = rankdata(np.asarray(scores, dtype=np.float64))
    return float((ranks[labels].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def auc_interval(scores: npt.ArrayLike, positive: npt.ArrayLike, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the area, resampling each side by itself; arguments as for `auc`."""
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    sides = (values[labels], values[~labels])
    random = np.random.default_rng(seed)
    truth = np.repeat([True, False], [len(side) for side in sides])
    areas = [auc(np.concatenate([random.choice(side, len(side)) for side in sides]), truth) for _ in range(_RESAMPLES)]
    low, high = np.quantile(areas, [_TAIL, 1.0 - _TAIL])
    return float(low), float(high)


def neighbours_vote(
    similarity: FloatArray, soundtracks: Sequence[str], positive: Iterable[bool], k: int = _NEIGHBOURS
) -> FloatArray:
    """Leave-one-soundtrack-out k nearest neighbours: how agitated a track's neighbours elsewhere are.

    Args:
        similarity: (n, n) of whole labelled tracks; greater is nearer.
        soundtracks: The n tracks' soundtracks; a track's own has no vote.
        positive: The n labels.
        k: Neighbours of each side.

    Returns:
        (n,) mean similarity to the k nearest agitated tracks of other soundtracks less that to the k nearest
        calm ones: comparing equally many of both keeps the size of a side from deciding. 0 where a side is empty.
    """
    labels, truth = np.asarray(soundtracks), np.asarray(list(positive), dtype=bool)
    scores = np.zeros(len(labels))
    for index, row in enumerate(similarity):
        elsewhere = labels != labels[index]
        votes = [np.sort(row[elsewhere & (truth == side)])[::-1][:k] for side in (True, False)]
        if all(len(vote) for vote in votes):
            scores[index] = votes[0].mean() - votes[1].mean()
    return scores


@dataclass(frozen=True, slots=True)
class Area:
    """Area under the ROC curve and its 95 % bootstrap interval over tracks."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, scores: npt.ArrayLike, positive: npt.ArrayLike) -> "Area":
        """Measure; arguments as for `auc`."""
        return cls(auc(scores, positive), *auc_interval(scores, positive))

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class Mood:
    """How well agitated pieces are told from calm ones.

    Attributes:
        name: Which tracks were asked.
        agitated: Those whose names say battle and the like, as package/file.
        calm: Those whose names say calm and the like.
        areas: What tells them (and whether at equal loudness) → its area; empty where a side has no tracks.
    """

    name: str
    agitated: Sequence[str]
    calm: Sequence[str]
    areas: Mapping[str, Area]
