"""Whether recommendations work for one's own listeners: Segue's lead over simple methods, and a verdict in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.domain.vector_index import VectorSearch
from services.evaluation.own_listeners import WANTED, OwnLibrary, OwnListeners, Period, drawn, read
from services.evaluation.own_methods import DEPTH, RANDOM, SEGUE, UNLIMITED, Method, methods
from services.evaluation.trials import diversity, ndcg
from services.experiments.statistics import LISTENERS_MIN, Interval, cluster_bootstrap

PERIODS_MIN = 10
"""Periods without which nothing is said."""

ERROR = 0.05
"""Probability that any of the verdicts on the other methods is wrong: it is divided among them (Bonferroni)."""


class Verdict(StrEnum):
    """How Segue compares with another method."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "no better"
    """The interval of the lead contains 0."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One method.

    Attributes:
        name: Its name.
        found: Mean number of the wanted tracks in an answer.
        ndcg: Mean NDCG@20, 0 to 1.
        diversity: Mean cosine distance of two of the first 10 tracks.
        lead: How much higher the NDCG@20 of Segue is, with its interval; None for Segue itself.
    """

    name: str
    found: float
    ndcg: float
    diversity: float
    lead: Interval | None

    @property
    def verdict(self) -> Verdict | None:
        """How Segue compares with it."""
        if self.lead is None:
            return None
        if self.lead.low > 0:
            return Verdict.BETTER
        return Verdict.WORSE if self.lead.high < 0 else Verdict.SAME


@dataclass(frozen=True, slots=True)
class OwnReport:
    """The result.

    Attributes:
        tracks: Number of tracks of the library.
        listeners: Number of listeners with a period.
        periods: Number of periods.
        level: Of the intervals of the leads.
        methods: Segue first; empty if there are too few periods.
    """

    tracks: int
    listeners: int
    periods: int
    level: float
    methods: tuple[Compared, ...]

    @property
    def by_listener(self) -> bool:
        """Whether the intervals are by listener, and so hold for other listeners of the same kind, too.

        With few listeners they are by period.
        """
        return self.listeners >= LISTENERS_MIN

    def those(self, verdict: Verdict) -> list[str]:
        """Return the names of the simple methods that have this verdict."""
        return [each.name for each in self.methods if each.verdict == verdict and each.name != UNLIMITED]


def evaluate(  # noqa: PLR0913  each is another thing to vary
    catalogue: Catalogue,
    index: VectorSearch,
    half_life_days: float,
    *,
    names: Sequence[str] | None = None,
    at_most: int,
    tell: Callable[[int, int], None],
) -> OwnReport:
    """Compare Segue with simple methods on what listeners played next.

    Args:
        catalogue: With listens.
        index: Of its tracks.
        half_life_days: Of the recommender.
        names: Of the listeners; None is all.
        at_most: If there are more listeners, as many are drawn.
        tell: Called after each period with the number of those that are done and of all.

    Raises:
        IndexUnavailable: the vector index does not answer.
    """
    library = OwnLibrary.read(catalogue)
    listeners = read(catalogue, library, drawn(catalogue, at_most) if names is None else names, half_life_days)
    if len(listeners.periods) < PERIODS_MIN:
        return OwnReport(len(library), listeners.count, len(listeners.periods), 1 - ERROR, ())
    by_name = methods(catalogue, index, library, listeners, half_life_days)
    figures = {name: np.empty((len(listeners.periods), 3)) for name in by_name}
    for number, period in enumerate(listeners.periods):
        for name, method in by_name.items():
            figures[name][number] = _figures(method, period, library)
        tell(number + 1, len(listeners.periods))
    level = 1 - ERROR / len(by_name.keys() - {SEGUE, UNLIMITED})
    return OwnReport(len(library), listeners.count, len(listeners.periods), level, _compared(figures, listeners, level))


def _figures(method: Method, period: Period, library: OwnLibrary) -> tuple[float, float, float]:
    answer = method(period)
    found = np.isin(answer[:DEPTH], period.wanted).sum()
    return float(found), ndcg(answer, period.wanted, DEPTH), diversity(answer, library.vectors)


def _compared(
    figures: Mapping[str, NDArray[np.float64]], listeners: OwnListeners, level: float
) -> tuple[Compared, ...]:
    of_listener = np.array([period.listener for period in listeners.periods])
    few = listeners.count < LISTENERS_MIN
    groups = np.arange(len(of_listener)) if few else of_listener
    compared = []
    for name, values in figures.items():
        leads = figures[SEGUE][:, 1] - values[:, 1]
        clusters = [leads[groups == each] for each in np.unique(groups)]
        lead = None if name == SEGUE else cluster_bootstrap(clusters, level=level)
        found, gain, varied = np.nanmean(values, axis=0).tolist()
        compared.append(Compared(name, found, gain, varied, lead))
    return tuple(compared)


def conclusion(report: OwnReport) -> str:
    """Return what the figures say, in plain words."""
    if not report.methods:
        return (
            f"These listens cannot tell whether Segue works here. {PERIODS_MIN} periods are needed, in each of which a "
            f"listener plays {WANTED} tracks for the first time; there are {report.periods}. Record or import more "
            "listens."
        )
    better, same, worse = (report.those(each) for each in (Verdict.BETTER, Verdict.SAME, Verdict.WORSE))
    parts = [
        f"{words} {_listed(names)}"
        for words, names in (("better than", better), ("no better than", same), ("worse than", worse))
        if names
    ]
    said = f"{_headline(better, worse)} It is {_joined(parts)}."
    if any(each.name == UNLIMITED and each.verdict == Verdict.WORSE for each in report.methods):
        said += " Without maxima per artist and album it would find more."
    return said


def _headline(better: Sequence[str], worse: Sequence[str]) -> str:
    if RANDOM not in better:
        return "These listens do not show that Segue works here: its answers are no better than random ones."
    if worse:
        return "Segue works here, but a simpler method finds more of what is played next."
    return "Segue works here."


def _listed(names: Sequence[str]) -> str:
    return _joined(names, last=" and ")


def _joined(parts: Sequence[str], last: str = ", and ") -> str:
    *others, final = parts
    return f"{', '.join(others)}{last}{final}" if others else final
