"""What a replay says: how the answers of two arms differ, and what each would have earned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.evaluation.propensities import (
    EFFECTIVE_MIN,
    SUPPORT_MIN,
    SWAPPED_BELOW,
    Arm,
    Estimate,
    Places,
    difference,
    estimate,
    in_answer,
)
from services.evaluation.rankings import overlap, rank_biased_overlap
from services.evaluation.replay import Asked, Options, Replayed
from services.evaluation.skips import OUTCOMES_MIN, SkipModel, fit
from services.experiments.statistics import Interval, cluster_bootstrap
from services.recommend.diversity import mean_distance

SKIP_AUC_MIN = 0.55
"""With less, the prediction of skips is hardly better than chance, and nothing is said."""

_UNTOLD = "The log cannot tell how many tracks would be skipped:"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of both arms, and how much higher it is with the second one; the interval is by listener."""

    first: float
    other: float
    lead: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """The result.

    Attributes:
        arms: The names of the arms.
        asked: Number of questions that were asked again.
        units: Number of listeners, and of sessions and single answers without a listener.
        left_out: Numbers of those that could not be, by reason.
        changed: Number of questions with another answer: other tracks, or another order.
        overlap: Mean share of the tracks that are in both answers.
        rank_biased_overlap: Mean rank-biased overlap.
        reproduced: Share of the logged tracks that come back if the questions are asked as they were; None if no arm
            does so. Less than 1 if the library, its index or the ranking has changed since.
        measures: By name, as far as the log can tell.
        estimates: What each arm would have earned; None if nothing followed the answers.
        silent: Why the log cannot tell something, in whole sentences.
    """

    arms: tuple[str, str]
    asked: int
    units: int
    left_out: Mapping[str, int]
    changed: int = 0
    overlap: float = 1.0
    rank_biased_overlap: float = 1.0
    reproduced: float | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    estimates: tuple[Estimate, Estimate] | None = None
    silent: tuple[str, ...] = ()


DIVERSITY, POPULARITY, SKIPS = "diversity", "popularity", "predicted skips"
EARNED = "plays per track"


def report(catalogue: Catalogue, replayed: Replayed, arms: tuple[Options, Options]) -> ReplayReport:
    """Compare the arms."""
    asked, names = replayed.asked, (arms[0].name, arms[1].name)
    if not asked:
        return ReplayReport(arms=names, asked=0, units=0, left_out=replayed.left_out)
    units = np.unique([each.unit for each in asked], return_inverse=True)[1]
    lists = [(each.ids(0), each.ids(1)) for each in asked]
    measures, silent = _measures(catalogue, asked, units)
    estimates, lead, unknown = _earned(asked, units, names)
    if lead is not None:
        measures[EARNED] = lead
    return ReplayReport(
        arms=names,
        asked=len(asked),
        units=len(set(units.tolist())),
        left_out=replayed.left_out,
        changed=sum(first != other for first, other in lists),
        overlap=float(np.mean([overlap(first, other) for first, other in lists])),
        rank_biased_overlap=float(np.mean([rank_biased_overlap(first, other) for first, other in lists])),
        reproduced=next((_reproduced(asked, arm) for arm, options in enumerate(arms) if not options.values), None),
        measures=measures,
        estimates=estimates,
        silent=(*silent, *unknown),
    )


def _reproduced(asked: Sequence[Asked], arm: int) -> float | None:
    """Return the share of the logged tracks, without those that exploration swapped in, that an arm has, too."""
    found = [
        track.track_id in ids
        for each in asked
        for ids in [set(each.ids(arm))]
        for track in each.logged.tracks
        if track.propensity >= SWAPPED_BELOW
    ]
    return float(np.mean(found)) if found else None


def conclusion(found: ReplayReport) -> str:
    """Return what would have changed, in plain words."""
    if not found.asked:
        return "The log cannot answer: it has no question that can be asked again."
    if not found.changed:
        return f"No change: all {found.asked} answers are the same with both sets of options."
    same = f"{100 * found.overlap:.0f} % of the tracks would have been the same."
    return f"{found.changed} of {found.asked} answers would have been different. {same}"


def _measures(
    catalogue: Catalogue, asked: Sequence[Asked], units: NDArray[np.intp]
) -> tuple[dict[str, Measure], list[str]]:
    ids = {track_id for each in asked for arm in (0, 1) for track_id in each.ids(arm)}
    ids |= {track.track_id for each in asked for track in each.logged.tracks}
    plays = catalogue.play_counts.of_tracks(ids)
    vectors = {track_id: track.vector for track_id, track in catalogue.tracks.embedded(ids).items()}

    def varied(each: Asked, arm: int) -> float | None:
        return mean_distance([vectors[track_id] for track_id in each.ids(arm) if track_id in vectors])

    def popular(each: Asked, arm: int) -> float | None:
        return float(np.mean([plays.get(track_id, 0) for track_id in each.ids(arm)])) if each.answers[arm] else None

    measures = {DIVERSITY: _measure(asked, units, varied), POPULARITY: _measure(asked, units, popular)}
    model, silent = _skip_model(asked, units, plays)
    if model is not None:
        predict = model.probabilities

        def skipped(each: Asked, arm: int) -> float | None:
            found = [(one.track_id, one.score) for one in each.answers[arm]]
            return float(predict(_features(found, plays)).mean()) if found else None

        measures[SKIPS] = _measure(asked, units, skipped)
    return {name: measure for name, measure in measures.items() if measure is not None}, silent


def _measure(
    asked: Sequence[Asked], units: NDArray[np.intp], value_of: Callable[[Asked, int], float | None]
) -> Measure | None:
    """Return the means of a measure over the questions for which both arms have it."""
    rows = [
        (unit, first, other)
        for unit, each in zip(units.tolist(), asked, strict=True)
        if (first := value_of(each, 0)) is not None and (other := value_of(each, 1)) is not None
    ]
    if not rows:
        return None
    of_unit, firsts, others = map(np.array, zip(*rows, strict=True))
    leads = others - firsts
    clusters = [leads[of_unit == unit] for unit in np.unique(of_unit)]
    return Measure(float(firsts.mean()), float(others.mean()), cluster_bootstrap(clusters))


def _features(tracks: Sequence[tuple[str, float]], plays: Mapping[str, int]) -> Array:
    """Return (n, 3): score, logarithm of the rank, and logarithm of the plays of the tracks of an answer."""
    rows = [(score, log2(rank), log2(1 + plays.get(name, 0))) for rank, (name, score) in enumerate(tracks, start=1)]
    return np.array(rows, dtype=np.float64)


def _skip_model(
    asked: Sequence[Asked], units: NDArray[np.intp], plays: Mapping[str, int]
) -> tuple[SkipModel | None, list[str]]:
    """Return the model of the skips that followed the logged answers, or why there is none."""
    features, skipped, groups = [], [], []
    for unit, each in zip(units.tolist(), asked, strict=True):
        heard = each.heard()
        rows = _features([(track.track_id, track.score) for track in each.logged.tracks], plays)
        for rank, is_skip in heard.items():
            features.append(rows[rank - 1])
            skipped.append(is_skip)
            groups.append(unit)
    model = fit(np.array(features), np.array(skipped, dtype=bool), np.array(groups)) if features else None
    if model is None:
        counted = f"there are {sum(skipped)} and {len(skipped) - sum(skipped)}."
        return None, [f"{_UNTOLD} {OUTCOMES_MIN} skips and as many plays must follow its answers; {counted}"]
    if not model.auc >= SKIP_AUC_MIN:
        why = f"score, rank and popularity do not predict skips (AUC {model.auc:.2f}; chance is 0.50)."
        return None, [f"{_UNTOLD} {why}"]
    return model, []


def _earned(
    asked: Sequence[Asked], units: NDArray[np.intp], names: tuple[str, str]
) -> tuple[tuple[Estimate, Estimate] | None, Measure | None, list[str]]:
    """Return what each arm would have earned, and why the log cannot tell."""
    explored = [place for place, each in enumerate(asked) if each.is_explored]
    if explored:  # answers without exploration tell little of other tracks
        asked, units = [asked[place] for place in explored], units[explored]
    if not any(each.heard() for each in asked):
        return None, None, ["The log cannot tell what would have been played: no listen followed its answers."]
    places = _places(asked, units)
    arms = tuple(_arm(asked, arm) for arm in (0, 1))
    found = (estimate(places, arms[0]), estimate(places, arms[1]))
    silent = [_why(name, each) for name, each in zip(names, found, strict=True) if each.value is None]
    first, other = (each.value for each in found)
    if first is None or other is None:
        return found, None, silent
    return found, Measure(first.mean, other.mean, difference(places, *arms)), silent


def _places(asked: Sequence[Asked], units: NDArray[np.intp]) -> Places:
    rewards, propensities, groups = [], [], []
    for unit, each in zip(units.tolist(), asked, strict=True):
        heard = each.heard()
        rewards += [float(heard.get(track.rank) is False) for track in each.logged.tracks]
        propensities += in_answer([track.propensity for track in each.logged.tracks])
        groups += [unit] * len(each.logged.tracks)
    return Places(np.array(rewards), np.array(propensities), np.array(groups))


def _arm(asked: Sequence[Asked], arm: int) -> Arm:
    chosen = [track.track_id in ids for each in asked for ids in [set(each.ids(arm))] for track in each.logged.tracks]
    return Arm(np.array(chosen, dtype=bool), sum(len(each.answers[arm]) for each in asked))


def _why(name: str, found: Estimate) -> str:
    if found.support < SUPPORT_MIN:
        why = f"{100 * (1 - found.support):.0f} % of its tracks could not have been in the logged answers. "
        why += "Exploration (SEGUE_EXPLORATION) makes more of them possible."
    else:
        why = f"the answers weigh as much as {found.effective:.0f} tracks; {EFFECTIVE_MIN:.0f} are needed."
    return f"The log cannot tell what would have been played with '{name}': {why}"
