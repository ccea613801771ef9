"""Comparison of our tempo and key with librosa's: accuracy, agreement of windows with the whole track, and cost.

librosa may replace a descriptor if it is at least as accurate and within the limits of `COST_LIMITS`.
`models.evaluation.agreement` runs the comparison and adds it to its page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.arrays import Float64Array
from models.descriptors.describe import Descriptors
from models.encoder import VibeEncoder
from models.evaluation.descriptor_cost import PROCESSES, Cost
from models.evaluation.known_pieces import KnownPiece, TempoAndKey, scores
from models.evaluation.librosa_descriptors import describe_both
from models.evaluation.metrics import interval
from models.evaluation.page import markdown_table

OURS, LIBROSA = "ours", "librosa"
COST_LIMITS = {"analysis": 1.1, "memory": 20.0, "first": 1.0}  # units as in `Cost`
SCORES = ("tempo", "tempo or an octave", "key", "key, MIREX-weighted", "time signature")
MISSING = {OURS: (), LIBROSA: ("time signature",)}  # scores that a method has no result for
STEADY = ("tempo or an octave", "key or its relative")

Scores = dict[str, Float64Array]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Accuracy of both methods on the same pieces.

    Attributes:
        drums: (n,), whether a piece has drums.
        scores: Method → score → (n,) 0…1, against the known values of the pieces.
    """

    drums: NDArray[np.bool_]
    scores: dict[str, Scores]


def ours(descriptors: Descriptors) -> TempoAndKey:
    """Return tempo, key and time signature of our descriptors."""
    return TempoAndKey(descriptors["tempo"], descriptors["key"], descriptors["mode"], descriptors["time_signature"])


def compare(pieces: Sequence[KnownPiece], files: Iterable[Path], encoder: VibeEncoder) -> Comparison:
    """Measure known pieces with both methods, on the windows that an analysis decodes.

    Args:
        pieces: At least one piece.
        files: Audio of the pieces, in their order.
        encoder: Computes the log-mel for both methods.

    Returns:
        The scores of both methods.
    """
    found: dict[str, list[TempoAndKey]] = {OURS: [], LIBROSA: []}
    for file in files:
        descriptors, librosa = describe_both(file, encoder)
        found[OURS].append(ours(descriptors))
        found[LIBROSA].append(librosa)
    truths = [piece.truth for piece in pieces]
    return Comparison(
        drums=np.array([piece.drums for piece in pieces]),
        scores={name: scores(by_measure, truths) for name, by_measure in found.items()},
    )


def window_agreement(
    windows: Sequence[tuple[TempoAndKey, TempoAndKey]], whole: Sequence[tuple[TempoAndKey, TempoAndKey]]
) -> dict[str, dict[str, float]]:
    """Compute how often each method gives the same result for windows and for the whole track.

    Args:
        windows: For each track, our result and librosa's for the windows.
        whole: For each track, our result and librosa's for the whole track.

    Returns:
        Method → score of `STEADY` → share of tracks, 0…1.
    """
    of_each = {}
    for index, name in enumerate((OURS, LIBROSA)):
        found = scores([both[index] for both in windows], [both[index] for both in whole])
        of_each[name] = {score: float(found[score].mean()) for score in STEADY}
    return of_each


@dataclass(frozen=True, slots=True)
class LibrosaComparison:
    """All results of the comparison.

    Attributes:
        known: Accuracy on known pieces.
        steady: Result of `window_agreement`.
        tracks: Number of tracks of `steady`.
        cost: Feature → cost of librosa.
    """

    known: Comparison
    steady: dict[str, dict[str, float]]
    tracks: int
    cost: dict[str, Cost]


def figures(comparison: LibrosaComparison) -> dict[str, Any]:
    """Return all figures of the section, for JSON."""
    known = {
        group: {
            name: {score: float(of[score][chosen].mean()) for score in SCORES if score not in MISSING[name]}
            for name, of in comparison.known.scores.items()
        }
        for group, chosen in _groups(comparison.known)
    }
    cost = {feature: asdict(of) for feature, of in comparison.cost.items()}
    return {"pieces": len(comparison.known.drums), "right": known, "steady": comparison.steady, "cost": cost}


def section(comparison: LibrosaComparison) -> str:
    """Return the section of the page in Markdown."""
    right = [
        (f"{group} ({np.count_nonzero(chosen)})", name, *(_right(of[score][chosen], score, name) for score in SCORES))
        for group, chosen in _groups(comparison.known)
        for name, of in comparison.known.scores.items()
    ]
    right.append(("all", "ours − librosa, 95 % interval", *(_lead(comparison.known, score) for score in SCORES)))
    steady = [(name, *(f"{shares[score]:.3f}" for score in STEADY)) for name, shares in comparison.steady.items()]
    cost = [
        (feature, f"{of.analysis:.2f}", f"{of.memory:.0f}", f"{of.first:.1f}", _within_limits(of))
        for feature, of in comparison.cost.items()
    ]
    header = ("feature", "analysis", "memory, MB", "first analysis, s", "within the limits")
    return f"""## Comparison with librosa

Both methods use the same two spectra, which an analysis computes in any case. Ours is `models.descriptors`. librosa's
is its tempogram of its onset strength, and its chromagram, which is compared with the same key profiles as ours.

Share of {len(comparison.known.drums)} known pieces with the correct result. The pieces are scores of every genre,
rendered with soundfonts, and synthesised pieces: 55 to 190 BPM, all 24 keys, 3/4 and 4/4
(`models.evaluation.known_pieces`). MIREX's weights are 0.5 for a fifth, 0.3 for the relative key and 0.2 for the
parallel key.

{markdown_table(("pieces", "method", *SCORES), right)}
Share of the {comparison.tracks} tracks with the same result for the windows and for the whole track:

{markdown_table(("method", *STEADY), steady)}
Cost of librosa in a process like a worker's child: time of a whole analysis relative to today's, growth of memory, and
delay of the first analysis. Medians of {PROCESSES} processes per feature.

{markdown_table(header, cost)}
Limits: {COST_LIMITS["analysis"]:g} × today's analysis, {COST_LIMITS["memory"]:g} MB, {COST_LIMITS["first"]:g} s.
"""


def _groups(known: Comparison) -> list[tuple[str, NDArray[np.bool_]]]:
    return [("all", np.ones_like(known.drums)), ("with drums", known.drums), ("without drums", ~known.drums)]


def _right(values: Float64Array, score: str, measure: str) -> str:
    return "–" if score in MISSING[measure] else f"{values.mean():.3f}"


def _lead(known: Comparison, score: str) -> str:
    """Return the difference of ours and librosa's score, with its interval."""
    if score in MISSING[LIBROSA]:
        return "–"
    difference = known.scores[OURS][score] - known.scores[LIBROSA][score]
    low, high = interval(difference)
    return f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def _within_limits(cost: Cost) -> str:
    return "yes" if all(getattr(cost, name) <= limit for name, limit in COST_LIMITS.items()) else "no"
