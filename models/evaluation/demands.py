"""What is demanded of the encoder: the figures of an evaluation with their required ranges."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from models.evaluation.report import Report
from models.evaluation.representations import HALF_WHITENED, SHIPPED
from models.tag_balances import OTHER_MOOD_BALANCES

_R1 = 0.88
_P10_ABOVE_TEACHERS = -0.01
_MOOD_DISTANCE = dict(zip(OTHER_MOOD_BALANCES, (0.150, 0.195), strict=True))
_ATTRIBUTE_CHANGE = 0.03
_ATTRIBUTE_CHANGE_OF_PITCH = 0.06
_DIRECTION = {"faster": 0.95, "minor": 0.80, "louder": 0.95}
_SKEW = 0.6
_TEACHER_COSINE = 0.75
_TAG_CORRELATION = 0.80
_DETERMINISM = 0.99999


@dataclass(frozen=True, slots=True)
class Requirement:
    """A figure with its required range.

    Attributes:
        test: What is measured.
        measured: The figure.
        least: Least allowed value; -inf if there is only an upper limit.
        most: Greatest allowed value; inf if there is only a lower limit.
    """

    test: str
    measured: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def met(self) -> bool:
        """Whether the figure is in the required range, limits included."""
        return self.least <= self.measured <= self.most

    @property
    def limit(self) -> str:
        """The limit as text, such as "≥ 0.9"."""
        return f"≥ {self.least:.5g}" if self.least > -math.inf else f"≤ {self.most:.5g}"


def requirements(report: Report) -> list[Requirement]:
    """Return every requirement for which the report has a figure."""
    return [
        *_retrieval(report),
        *_mood_distance(report),
        *_hubness(report),
        *_robustness(report),
        *_direction(report),
        *_fidelity(report),
        *_determinism(report),
    ]


def _retrieval(report: Report) -> Iterator[Requirement]:
    shipped, teachers = report.row(SHIPPED), report.row(HALF_WHITENED)
    if shipped:
        yield Requirement("same-track R@1", shipped.same_track_r1.value, least=_R1)
    if shipped and teachers:
        least = teachers.soundtrack_p10.value + _P10_ABOVE_TEACHERS
        yield Requirement("same-soundtrack P@10 (teachers − 0.01)", shipped.soundtrack_p10.value, least=least)


def _mood_distance(report: Report) -> Iterator[Requirement]:
    if shipped := report.row(SHIPPED):
        for mood, most in _MOOD_DISTANCE.items():
            if mood in shipped.feel:
                yield Requirement(f"mood distance, {mood}", shipped.feel[mood].value, most=most)


def _hubness(report: Report) -> Iterator[Requirement]:
    if shipped := report.row(SHIPPED):
        yield Requirement("hubness, skewness of N10", shipped.n10_skew, most=_SKEW)
        yield Requirement("hubness, share never recommended", shipped.never_recommended, most=0.0)


def _robustness(report: Report) -> Iterator[Requirement]:
    for result in report.robustness:
        yield Requirement(f"robustness R@1, {result.name}", result.r1[SHIPPED], least=result.least_r1)
    for result in report.robustness:
        most = _ATTRIBUTE_CHANGE_OF_PITCH if result.name.startswith("pitch") else _ATTRIBUTE_CHANGE
        greatest = max(result.energy_change, result.valence_change)
        yield Requirement(f"change of energy and valence, {result.name}", greatest, most=most)


def _direction(report: Report) -> Iterator[Requirement]:
    if report.direction:
        for name, least in _DIRECTION.items():
            yield Requirement(f"direction, {name}: share of pairs", getattr(report.direction, name), least=least)


def _fidelity(report: Report) -> Iterator[Requirement]:
    if report.fidelity:
        yield Requirement("fidelity, cosine to the teachers", report.fidelity.cosine, least=_TEACHER_COSINE)
        yield Requirement("fidelity, tag correlation", report.fidelity.tag_correlation, least=_TAG_CORRELATION)


def _determinism(report: Report) -> Iterator[Requirement]:
    if report.determinism:
        for name in ("threads", "batch", "restart"):
            yield Requirement(f"determinism over {name}, cosine", getattr(report.determinism, name), least=_DETERMINISM)
