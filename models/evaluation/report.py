"""All figures of an evaluation run, and their JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from models.arrays import Float64Array
from models.evaluation.direction import Direction
from models.evaluation.metrics import Fidelity, Figure, fidelity, figure
from models.evaluation.mood import Mood
from models.evaluation.representations import HALF_WHITENED, SHIPPED, Similarities, TrackRepresentations
from models.evaluation.retrieval import ceiling, hubness, mood_distance, mood_ranks, retrieve
from models.evaluation.robustness import Determinism, Robustness
from models.tag_balances import MOOD_BALANCES, OTHER_MOOD_BALANCES

COMMAND = "python -m models.evaluation"


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one representation.

    Attributes:
        name: Name of the representation.
        same_track_r1: Halves: share whose nearest half is the track's own (R@1).
        soundtrack_p5: Halves: share of the soundtrack among the 5 nearest other tracks (P@5).
        soundtrack_p10: Among the 10 nearest (P@10).
        soundtrack_map: Mean average precision over the whole ranking.
        n10_skew: Skewness of N10 of whole tracks, see `models.evaluation.retrieval.Hubness`.
        never_recommended: Share of whole tracks with N10 = 0.
        feel: Mood → mean rank distance to the 10 nearest tracks of other soundtracks; empty without the teachers.
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
    """Figures of one run.

    Attributes:
        encoder: Version of the shipped encoder.
        sha256: Checksum of its weights.
        soundtracks: Package → number of evaluated tracks.
        p10_ceiling: P@10 of a perfect ranking.
        rows: One per representation; the shipped encoder is last.
        p10_by_soundtrack: Representation → package → P@10.
        n10: Representation → N10 of each track.
        p10_above_teachers: P@10 of the shipped encoder minus that of the teachers, track by track; None without them.
        fidelity: None without the teachers.
        robustness: One entry per alteration; empty if not measured.
        mood: One entry per set of tracks.
        direction: None if not measured.
        determinism: None if not measured.
        notes: What was omitted, and why.
    """

    encoder: str
    sha256: str
    soundtracks: Mapping[str, int]
    p10_ceiling: float
    rows: Sequence[Row]
    p10_by_soundtrack: Mapping[str, Mapping[str, float]]
    n10: Mapping[str, Sequence[int]]
    p10_above_teachers: Figure | None = None
    fidelity: Fidelity | None = None
    robustness: Sequence[Robustness] = ()
    mood: Sequence[Mood] = ()
    direction: Direction | None = None
    determinism: Determinism | None = None
    notes: Sequence[str] = ()

    def row(self, name: str) -> Row | None:
        """Return the figures of a representation, or None if it was omitted."""
        return next((row for row in self.rows if row.name == name), None)


def retrieval_report(
    similarities: Mapping[str, Similarities],
    soundtracks: Sequence[str],
    ranks: Mapping[str, Float64Array],
    encoder: str,
    sha256: str,
) -> Report:
    """Compute retrieval, mood distance and hubness of every representation.

    Args:
        similarities: Representation → similarities of n tracks; the shipped encoder is last.
        soundtracks: Soundtracks of the n tracks.
        ranks: Mood → (n,) ranks 0…1, see `models.evaluation.retrieval.mood_ranks`; empty without the teachers.
        encoder: Version of the shipped encoder.
        sha256: Checksum of its weights.

    Returns:
        A report without the other tests.
    """
    names = list(dict.fromkeys(soundtracks))
    precision = {name: retrieve(found.halves, soundtracks).precision_10 for name, found in similarities.items()}
    members = {name: np.flatnonzero(np.asarray(soundtracks) == name) for name in names}
    return Report(
        encoder=encoder,
        sha256=sha256,
        soundtracks={name: len(members[name]) for name in names},
        p10_ceiling=ceiling(soundtracks),
        rows=[_row(name, found, soundtracks, ranks) for name, found in similarities.items()],
        p10_by_soundtrack={
            name: {package: float(values[members[package]].mean()) for package in names}
            for name, values in precision.items()
        },
        n10={name: hubness(found.tracks).counts.tolist() for name, found in similarities.items()},
        p10_above_teachers=figure(precision[SHIPPED] - precision[HALF_WHITENED], soundtracks)
        if HALF_WHITENED in precision and SHIPPED in precision
        else None,
    )


def _row(name: str, found: Similarities, soundtracks: Sequence[str], ranks: Mapping[str, Float64Array]) -> Row:
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
            mood: figure(mood_distance(found.tracks, soundtracks, of_mood), soundtracks)
            for mood, of_mood in ranks.items()
        },
    )


def report_of(found: TrackRepresentations, tag_names: Sequence[str], encoder: str, sha256: str) -> Report:
    """Compute every figure that follows from the representations of the unaltered tracks.

    Args:
        found: Representations of n tracks.
        tag_names: Names of the teachers' tags, in the order of the columns of `teacher_tags`.
        encoder: Version of the shipped encoder.
        sha256: Checksum of its weights.

    Returns:
        A report without robustness, mood, direction and determinism.
    """
    tags = found.teacher_tags
    balances = {} if tags is None else {**MOOD_BALANCES, **OTHER_MOOD_BALANCES}
    ranks = {name: mood_ranks(tags, tag_names, balance) for name, balance in balances.items() if tags is not None}
    report = retrieval_report(found.similarities(), found.soundtracks, ranks, encoder, sha256)
    if tags is None or found.predicted_features is None:
        return report
    student_tags = np.array([[encoded.tags[name] for name in tag_names] for encoded in found.encoded])
    teachers, embeddings = found.vectors[HALF_WHITENED]["whole"], found.vectors[SHIPPED]["whole"]
    return replace(report, fidelity=fidelity(found.predicted_features, teachers, embeddings, student_tags, tags))


def as_json(report: Report) -> str:
    """Return the report as JSON, with the command that makes it."""
    return json.dumps({"command": COMMAND} | asdict(report), indent=2, ensure_ascii=False) + "\n"


def metrics(report: Report) -> dict[str, Any]:
    """Return the shipped encoder's figures for its model card, with the command that makes them."""
    return {"command": COMMAND, "tracks": sum(report.soundtracks.values())} | asdict(report.rows[-1])
