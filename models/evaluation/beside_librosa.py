"""Our tempo and key beside librosa's: how often each is right, how steady each is, and what librosa would cost.

librosa may take over a descriptor where it is at least as right and stays within the three limits of `COST_LIMITS`.
`models.evaluation.agreement` runs this and shows it on its page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.descriptors.describe import Descriptors
from models.encoder import VibeEncoder
from models.evaluation.descriptor_cost import PROCESSES, Cost
from models.evaluation.known_pieces import KnownPiece
from models.evaluation.librosa_descriptors import describe_both
from models.evaluation.metrics import interval
from models.evaluation.page import markdown_table
from models.evaluation.relations import TempoAndKey, scores

OURS, LIBROSA = "ours", "librosa"
COST_LIMITS = {"analysis": 1.1, "memory": 20.0, "first": 1.0}  # units as in `Cost`
SCORES = ("tempo", "tempo or an octave", "key", "key, MIREX-weighted", "time signature")
STEADY = ("tempo or an octave", "key or its relative")

Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both measures on the same pieces.

    Attributes:
        drums: `(n,)`, whether a piece has any.
        scores: Measure → score → `(n,)`, against what the pieces were made with.
    """

    drums: NDArray[np.bool_]
    scores: dict[str, Scores]


def ours(descriptors: Descriptors) -> TempoAndKey:
    """Tempo, key and time signature among our descriptors."""
    return TempoAndKey(descriptors["tempo"], descriptors["key"], descriptors["mode"], descriptors["time_signature"])


def compare(pieces: Sequence[KnownPiece], files: Iterable[Path], encoder: VibeEncoder) -> Comparison:
    """Measure known pieces both ways, by the windows that an analysis decodes.

    Args:
        pieces: At least one.
        files: Their audio.
        encoder: Whose log-mel both measures share.
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


def steadiness(
    windows: Sequence[tuple[TempoAndKey, TempoAndKey]], whole: Sequence[tuple[TempoAndKey, TempoAndKey]]
) -> dict[str, dict[str, float]]:
    """How often each measure finds the same in windows as in the whole track.

    Args:
        windows: Of each track, what ours and what librosa's finds in the windows.
        whole: Likewise in the whole track.

    Returns:
        Measure → score of `STEADY` → share of tracks.
    """
    of_each = {}
    for index, name in enumerate((OURS, LIBROSA)):
        found = scores([both[index] for both in windows], [both[index] for both in whole])
        of_each[name] = {score: float(found[score].mean()) for score in STEADY}
    return of_each


@dataclass(frozen=True, slots=True)
class Beside:
    """Everything that decides between the two.

    Attributes:
        known: On known pieces.
        steady: As `steadiness` returns it.
        tracks: How many tracks that is from.
        cost: Feature → what librosa costs there.
    """

    known: Comparison
    steady: dict[str, dict[str, float]]
    tracks: int
    cost: dict[str, Cost]


def figures(beside: Beside) -> dict[str, Any]:
    """All figures of the section, for JSON."""
    known = {
        group: {
            name: {score: float(of[score][chosen].mean()) for score in SCORES}
            for name, of in beside.known.scores.items()
        }
        for group, chosen in _groups(beside.known)
    }
    cost = {feature: asdict(of) for feature, of in beside.cost.items()}
    return {"pieces": len(beside.known.drums), "right": known, "steady": beside.steady, "cost": cost}


def section(beside: Beside) -> str:
    """The section of the page, in Markdown."""
    right = [
        (f"{group} ({np.count_nonzero(chosen)})", name, *(_right(of[score][chosen], score, name) for score in SCORES))
        for group, chosen in _groups(beside.known)
        for name, of in beside.known.scores.items()
    ]
    right.append(("all", "ours − librosa, 95 % interval", *(_lead(beside.known, score) for score in SCORES)))
    steady = [(name, *(f"{shares[score]:.3f}" for score in STEADY)) for name, shares in beside.steady.items()]
    cost = [
        (feature, f"{of.analysis:.2f}", f"{of.memory:.0f}", f"{of.first:.1f}", _verdict(of))
        for feature, of in beside.cost.items()
    ]
    header = ("feature", "analysis", "memory, MB", "first analysis, s", "within the limits")
    return f"""## Beside librosa

Both measures use the same two spectra, which an analysis computes anyway. Ours is `models.descriptors`. librosa's is
its tempogram of its onset strength, and its chromagram, which is compared with the same key profiles as ours.

Share of {len(beside.known.drums)} known pieces for which the result is right. The pieces are scores of every genre,
played with soundfonts, and synthesised pieces: 55 to 190 beats a minute, all 24 keys, 3/4 and 4/4
(`models.evaluation.known_pieces`). MIREX's weights are 0.5 for a fifth, 0.3 for the relative key and 0.2 for the
parallel key.

{markdown_table(("pieces", "measure", *SCORES), right)}
Share of the {beside.tracks} tracks for which the windows and the full length give the same result:

{markdown_table(("measure", *STEADY), steady)}
Cost of librosa in a process that is set up as a worker's child: time of a whole analysis over today's, growth of
memory, and delay of the first analysis. Medians of {PROCESSES} processes a feature.

{markdown_table(header, cost)}
The limits: {COST_LIMITS["analysis"]:g} × today's analysis, {COST_LIMITS["memory"]:g} MB, {COST_LIMITS["first"]:g} s.
"""


def _groups(known: Comparison) -> list[tuple[str, NDArray[np.bool_]]]:
    return [("all", np.ones_like(known.drums)), ("with drums", known.drums), ("without drums", ~known.drums)]


def _right(values: NDArray[np.float64], score: str, measure: str) -> str:
    return "–" if score == "time signature" and measure == LIBROSA else f"{values.mean():.3f}"


def _lead(known: Comparison, score: str) -> str:
    """How far ours is ahead, with its interval."""
    if score == "time signature":
        return "–"
    difference = known.scores[OURS][score] - known.scores[LIBROSA][score]
    low, high = interval(difference)
    return f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def _verdict(cost: Cost) -> str:
    return "yes" if all(getattr(cost, name) <= limit for name, limit in COST_LIMITS.items()) else "no"
