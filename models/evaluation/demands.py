"""What issue 3 demands of each figure, and whether it is reached."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from models.evaluation.feel import AXES
from models.evaluation.listening import HALF_WHITENED, SHIPPED
from models.evaluation.report import Report
from models.evaluation.trials import ENERGY, EQUALISED, NEIGHBOURS

_R1_ABOVE_TEACHERS = 0.04
_P10_BELOW_TEACHERS = 0.01
_FEEL_OF_TEACHERS = 0.9
_STABLE = 0.03
_MOOD_AREA = {"": 0.90, EQUALISED: 0.85}
_DIRECTION = {"faster": 0.95, "minor": 0.80, "louder": 0.95}
_SKEW = 0.6
_NEVER = 0.01
_COSINE = 0.75
_TAG_CORRELATION = 0.80
_DETERMINISM = 0.99999


@dataclass(frozen=True, slots=True)
class Verdict:
    """One demand.

    Attributes:
        test: What is measured.
        measured: The figure.
        least: Demanded at least; -inf where there is only a limit above.
        most: Demanded at most; inf where there is only a limit below.
    """

    test: str
    measured: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def reached(self) -> bool:
        """Whether the figure lies where it must."""
        return self.least <= self.measured <= self.most

    @property
    def demand(self) -> str:
        """The demand in words."""
        return f"≥ {self.least:.5g}" if self.least > -math.inf else f"≤ {self.most:.5g}"


def verdicts(report: Report) -> list[Verdict]:
    """Every demand that this run measured, in the issue's order."""
    return [
        *_against_the_teachers(report),
        *_robustness(report),
        *_mood(report),
        *_direction(report),
        *_hubness(report),
        *_fidelity(report),
        *_determinism(report),
    ]


def _against_the_teachers(report: Report) -> Iterator[Verdict]:
    mine, theirs = report.row(SHIPPED), report.row(HALF_WHITENED)
    if mine is None or theirs is None:
        return
    least = theirs.same_track_r1.value + _R1_ABOVE_TEACHERS
    yield Verdict("same-track R@1 (teachers + .04)", mine.same_track_r1.value, least=least)
    least = theirs.soundtrack_p10.value - _P10_BELOW_TEACHERS
    yield Verdict("same-soundtrack P@10 (teachers − .01)", mine.soundtrack_p10.value, least=least)
    for axis in (name for name in AXES if name in mine.feel):
        most = _FEEL_OF_TEACHERS * theirs.feel[axis].value
        yield Verdict(f"feel, {axis}: rank distance (.9 × teachers)", mine.feel[axis].value, most=most)


def _robustness(report: Report) -> Iterator[Verdict]:
    for stood in report.robustness:
        yield Verdict(f"robustness R@1, {stood.name}", stood.r1[SHIPPED], least=stood.least_r1)
    for stood in report.robustness:
        worst = max(stood.energy_change, stood.valence_change)
        yield Verdict(f"stability of energy and valence, {stood.name}", worst, most=_STABLE)


def _mood(report: Report) -> Iterator[Verdict]:
    for mood in report.mood:
        for level, least in _MOOD_AREA.items():
            for what in (ENERGY, NEIGHBOURS):
                if f"{what}{level}" in mood.areas:
                    area = mood.areas[f"{what}{level}"]
                    yield Verdict(f"mood AUC, {what}{level} ({mood.name})", area.value, least=least)


def _direction(report: Report) -> Iterator[Verdict]:
    if report.direction:
        for name, least in _DIRECTION.items():
            yield Verdict(f"direction, {name}: share of pairs", getattr(report.direction, name), least=least)


def _hubness(report: Report) -> Iterator[Verdict]:
    if mine := report.row(SHIPPED):
        yield Verdict("hubness, skew of N10", mine.n10_skew, most=_SKEW)
        yield Verdict("hubness, share never recommended", mine.never_recommended, most=_NEVER)


def _fidelity(report: Report) -> Iterator[Verdict]:
    if report.fidelity:
        yield Verdict("fidelity, cosine to the teachers", report.fidelity.cosine, least=_COSINE)
        yield Verdict("fidelity, tag correlation", report.fidelity.tag_correlation, least=_TAG_CORRELATION)


def _determinism(report: Report) -> Iterator[Verdict]:
    if report.determinism:
        for name in ("threads", "batch", "restart"):
            yield Verdict(f"determinism over {name}, cosine", getattr(report.determinism, name), least=_DETERMINISM)
