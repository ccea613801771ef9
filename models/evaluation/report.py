"""All figures of one run, as one structure: JSON for scripts, metrics for the model card."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from models.evaluation.direction import Direction
from models.evaluation.feel import AXES, OTHER_AXES, feel_distance, judged_ranks
from models.evaluation.fidelity import Fidelity, fidelity
from models.evaluation.listening import HALF_WHITENED, SHIPPED, Listened, Similarities
from models.evaluation.mood import Mood
from models.evaluation.retrieval import ceiling, hubness, retrieve
from models.evaluation.robustness import Determinism, Robustness
from models.evaluation.teachers import FloatArray
from models.evaluation.trials import Figure, figure

COMMAND = "python -m models.evaluation"


@dataclass(frozen=True, slots=True)
class Row:
    """One representation's figures.

    Attributes:
        name: The representation.
        same_track_r1: Halves: the nearest is the track's own.
        soundtrack_p5: Halves: share of the soundtrack among the 5 nearest other tracks.
        soundtrack_p10: Among the 10 nearest.
        soundtrack_map: Mean average precision over the whole ranking.
        n10_skew: Of whole tracks.
        never_recommended: Share of whole tracks that are in nobody's 10 nearest.
        feel: Axis → mean rank distance to the 10 nearest tracks of other soundtracks; empty without the teachers.
    """

    name: str
    same_track_r1: Figure
    soundtrack_p5: Figure
    soundtrack_p10: Figure
    soundtrack_map: Figure
    n10_skew: float
    never_recommended: float
    feel: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Report:
    """What one run measured.

    Attributes:
        encoder: Version of the shipped encoder.
        sha256: Of its weights.
        soundtracks: Package → number of tracks judged.
        p10_ceiling: P@10 of a perfect ranking.
        rows: Baselines first, the shipped encoder last.
        p10_by_soundtrack: Representation → package → P@10.
        n10: Representation → how often each track is among the 10 nearest of another.
        fidelity: None without the teachers.
        robustness: One entry an alteration; empty where it was skipped.
        mood: One entry for each set of tracks.
        direction: On synthesised pairs.
        determinism: Of the shipped encoder.
        notes: What was left out, and why.
    """

    encoder: str
    sha256: str
    soundtracks: Mapping[str, int]
    p10_ceiling: float
    rows: Sequence[Row]
    p10_by_soundtrack: Mapping[str, Mapping[str, float]]
    n10: Mapping[str, Sequence[int]]
    fidelity: Fidelity | None = None
    robustness: Sequence[Robustness] = ()
    mood: Sequence[Mood] = ()
    direction: Direction | None = None
    determinism: Determinism | None = None
    notes: Sequence[str] = ()

    def row(self, name: str) -> Row | None:
        """A representation's figures, or None where it was left out."""
        return next((row for row in self.rows if row.name == name), None)


def retrieval_report(
    similarities: Mapping[str, Similarities],
    soundtracks: Sequence[str],
    ranks: Mapping[str, FloatArray],
    encoder: str,
    sha256: str,
) -> Report:
    """Retrieval, feel and hubness of every representation.

    Args:
        similarities: Representation → what it says of n tracks; the shipped encoder comes last.
        soundtracks: The n tracks' soundtracks.
        ranks: Axis → (n,) judged ranks, see `models.evaluation.feel`; empty without the teachers.
        encoder: Version of the shipped encoder.
        sha256: Of its weights.
    """
    names = list(dict.fromkeys(soundtracks))
    precision = {name: retrieve(found.halves, soundtracks).precision_10 for name, found in similarities.items()}
    mine = {name: np.flatnonzero(np.asarray(soundtracks) == name) for name in names}
    return Report(
        encoder=encoder,
        sha256=sha256,
        soundtracks={name: len(mine[name]) for name in names},
        p10_ceiling=ceiling(soundtracks),
        rows=[_row(name, found, soundtracks, ranks) for name, found in similarities.items()],
        p10_by_soundtrack={
            name: {package: float(values[mine[package]].mean()) for package in names}
            for name, values in precision.items()
        },
        n10={name: hubness(found.tracks).counts.tolist() for name, found in similarities.items()},
    )


def _row(name: str, found: Similarities, soundtracks: Sequence[str], ranks: Mapping[str, FloatArray]) -> Row:
    halves, hubs = retrieve(found.halves, soundtracks), hubness(found.tracks)
    return Row(
        name=name,
        same_track_r1=figure(halves.same_track, soundtracks),
        soundtrack_p5=figure(halves.precision_5, soundtracks),
        soundtrack_p10=figure(halves.precision_10, soundtracks),
        soundtrack_map=figure(halves.average_precision, soundtracks),
        n10_skew=hubs.skew,
        never_recommended=hubs.never,
        feel={
            axis: figure(feel_distance(found.tracks, soundtracks, judged), soundtracks)
            for axis, judged in ranks.items()
        },
    )


def report_of(listened: Listened, tag_names: Sequence[str], encoder: str, sha256: str) -> Report:
    """Everything that follows from one hearing of the tracks; `tag_names` are the teachers', in order."""
    tags = listened.teacher_tags
    axes = {} if tags is None else AXES | OTHER_AXES
    ranks = {name: judged_ranks(tags, tag_names, axis) for name, axis in axes.items() if tags is not None}
    report = retrieval_report(listened.similarities(), listened.soundtracks, ranks, encoder, sha256)
    if tags is None or listened.guesses is None:
        return report
    kept_tags = np.array([[heard.tags[name] for name in tag_names] for heard in listened.heard])
    vectors = listened.vectors
    return replace(
        report,
        fidelity=fidelity(
            listened.guesses, vectors[HALF_WHITENED]["whole"], vectors[SHIPPED]["whole"], kept_tags, tags
        ),
    )


def as_json(report: Report) -> str:
    """The report as JSON; `command` says what printed it."""
    return json.dumps({"command": COMMAND} | asdict(report), indent=2, ensure_ascii=False) + "\n"


def metrics(report: Report) -> dict[str, Any]:
    """The shipped encoder's figures for its model card, with the command that printed them."""
    return {"command": COMMAND, "tracks": sum(report.soundtracks.values())} | asdict(report.rows[-1])
