"""The report of an experiment: the metrics of each variant, and their differences to the first one."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from services.catalog import Catalogue
from services.domain.experiments import Experiment, Variant
from services.domain.track import TrackStatus
from services.experiments.observations import Metric, Observed, observe, totals
from services.experiments.statistics import (
    LEVEL,
    LISTENERS_MIN,
    Interval,
    Totals,
    confidence_sequence,
    difference_interval,
    listeners_needed,
    ratio_interval,
)

EFFECT = 0.1
"""Relative difference that the number of needed listeners is stated for: a smaller one is hardly worth a change."""

MISMATCH = 0.001
"""Probability below which the numbers of listeners are no coincidence (sample ratio mismatch; Fabijan et al., 2019)."""

PRIMARY = Metric.SKIP_RATE
"""The metric that warnings are about."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of a variant to the first one.

    Attributes:
        fixed: With the interval for one look at the end of the experiment.
        sequence: With the interval that may be looked at every day.
        needed: Listeners of each variant to find a difference of `EFFECT` of the first one's metric; None if unknown.
    """

    fixed: Interval
    sequence: Interval
    needed: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of a variant, the number of its listeners, and for other variants than the first the difference."""

    value: Interval
    listeners: int
    compared: Comparison | None = None


@dataclass(frozen=True, slots=True)
class VariantResult:
    """A variant and what was observed of it; a metric without data is absent."""

    variant: Variant
    listeners: int
    answers: int
    listens: int
    tracks: int
    """The number of different tracks that were recommended."""
    metrics: Mapping[Metric, Measured]


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """The results of an experiment, the first variant first, and what to be careful about."""

    experiment: Experiment
    variants: tuple[VariantResult, ...]
    warnings: tuple[str, ...]


def report_on(catalogue: Catalogue, experiment: Experiment) -> ExperimentReport:
    """Return the report of an experiment from the recommendation log."""
    seen = observe(catalogue.recommendation_log.outcomes(experiment=experiment.name))
    moved = sum(len(each.variants) > 1 for each in seen.values())
    new = _new_artists(catalogue, seen)
    size = catalogue.tracks.count_by_status().get(TrackStatus.READY, 0)
    groups = [_of_variant(seen, variant.name) for variant in experiment.variants]
    measured = [{metric: totals(metric, group, new, size) for metric in Metric} for group in groups]
    results = tuple(
        VariantResult(
            variant,
            len(group),
            sum(each.answers for each in group.values()),
            sum(each.listens for each in group.values()),
            len({track for each in group.values() for track in each.recommended}),
            _metrics(measured, number, _days(groups, number)),
        )
        for number, (variant, group) in enumerate(zip(experiment.variants, groups, strict=True))
    )
    gone = {name for each in seen.values() for name in each.variants} - {each.name for each in experiment.variants}
    warnings = _warnings(results, moved, sorted(gone), in_file=experiment.in_file)
    return ExperimentReport(experiment, results, tuple(warnings))


def _of_variant(seen: Mapping[str, Observed], name: str) -> dict[str, Observed]:
    """Return the listeners who had this variant only."""
    return {listener: each for listener, each in seen.items() if each.variants == {name}}


def _new_artists(catalogue: Catalogue, seen: Mapping[str, Observed]) -> dict[str, int]:
    """Return for each listener how many of the recommended tracks are by an artist that was not heard before."""
    artists = catalogue.play_counts.artists_of({track for each in seen.values() for track in each.recommended})
    found = {}
    for listener, each in seen.items():
        first = catalogue.play_counts.artists_first_heard(listener)
        known = [(artists[track], at) for track, at in each.recommended.items() if track in artists]
        found[listener] = sum(artist not in first or first[artist] >= at for artist, at in known)
    return found


def _days(groups: Sequence[Mapping[str, Observed]], number: int) -> int:
    """Return on how many days listeners of the first variant and of another one listened."""
    return sum(len(each.days) for group in (groups[0], groups[number]) for each in group.values())


def _metrics(measured: Sequence[Mapping[Metric, Totals]], number: int, days: int) -> dict[Metric, Measured]:
    # Each of several comparisons gets a part of the error, so that all of them together hold (Bonferroni).
    level = 1 - (1 - LEVEL) / max(1, len(measured) - 1)
    found = {}
    for metric in Metric:
        first, own = measured[0][metric], measured[number][metric]
        if len(own.values):
            compared = _compared(first, own, days, level) if number and len(first.values) else None
            found[metric] = Measured(ratio_interval(own), len(own.values), compared)
    return found


def _compared(first: Totals, other: Totals, days: int, level: float) -> Comparison:
    enough = min(len(first.values), len(other.values)) >= LISTENERS_MIN and first.ratio > 0
    return Comparison(
        difference_interval(first, other, level=level),
        confidence_sequence(first, other, days, level=level),
        listeners_needed(first, other, EFFECT * first.ratio, level=level) if enough else None,
    )


def _warnings(results: Sequence[VariantResult], moved: int, gone: Sequence[str], *, in_file: bool) -> Iterable[str]:
    for result in results:
        measured = result.metrics.get(PRIMARY)
        if (have := measured.listeners if measured else 0) < LISTENERS_MIN:
            lacking = "no difference has" if result is results[0] else "its difference has no"
            enough = f"{have} of {LISTENERS_MIN} listeners with listens"
            yield f"'{result.variant.name}' has {enough}, so {lacking} intervals."
        elif measured and measured.compared and measured.compared.needed is not None:
            yield from _too_small(results[0], result, measured.compared.needed)
    if moved:
        yield (
            f"Listeners who saw several variants are left out ({moved}). Do not change the weights and the salt of a "
            "running experiment."
        )
    if gone:
        yield (
            f"The file has no variant {', '.join(map(repr, gone))}, so the answers with it are left out. Do not rename "
            "or remove the variants of a running experiment."
        )
    elif in_file:
        yield from _mismatch(results)


def _too_small(first: VariantResult, result: VariantResult, needed: int) -> Iterable[str]:
    have = min(each.metrics[PRIMARY].listeners for each in (first, result))
    if have < needed:
        yield (
            f"'{first.variant.name}' and '{result.variant.name}' have too few listeners: to find a difference of "
            f"{EFFECT * 100:.0f} % of the skip rate in 4 of 5 experiments, each needs {needed} with listens. The "
            f"smaller one has {have}."
        )


def _mismatch(results: Sequence[VariantResult]) -> Iterable[str]:
    """Warn if the numbers of listeners do not fit the weights: then something else than chance divided them."""
    counts = Counter({result.variant.name: result.listeners for result in results})
    weights = sum(result.variant.weight for result in results)
    for result in results:
        share, total = result.variant.weight / weights, counts.total()
        expected, spread = share * total, sqrt(total * share * (1 - share))
        if spread and 2 * NormalDist().cdf(-abs(result.listeners - expected) / spread) < MISMATCH:
            yield (
                f"'{result.variant.name}' has {result.listeners} listeners where {expected:.0f} are expected. That is "
                "no coincidence: something keeps listeners of one variant away, so do not trust the differences."
            )
