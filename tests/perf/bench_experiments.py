"""Measure whether the statistics of experiments keep their promises: `python tests/perf/bench_experiments.py`.

It simulates 1,000 experiments (seeds 0 to 999) of each planted effect, looks at each of them every day and at its end,
and counts how often the intervals were right. That takes about five minutes of processor time.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.experiments.simulation import simulate
from services.experiments.statistics import LISTENERS_MIN, confidence_sequence, difference, difference_interval
from tests.perf.verdicts import at_least, at_most, show

RUNS, DAYS = 1_000, 28
LISTENERS, FEW_LISTENERS = 200, 20
EFFECTS = (0.0, 0.03, 0.06, 0.09)
"""Differences of a skip rate of 0.3; the first is none, and the largest must be found."""

COVERAGE_MIN, ALARMS_MAX, POWER_MIN = 93.5, 6.0, 80.0
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Run:
    """One experiment.

    Attributes:
        covered: Whether the interval at the end has the true difference.
        found: Whether it excludes zero.
        held: Whether all daily intervals of the sequence have the true difference.
        decided: Whether one of them excludes zero.
        naive: Whether one of daily intervals of 95 % that are made for one look excludes zero.
    """

    covered: bool
    found: bool
    held: bool
    decided: bool
    naive: bool


def run(seed: int, listeners: int, effect: float) -> Run:
    """Simulate an experiment and look at it every day and at its end."""
    held, decided, naive = True, False, False
    for first, other, days in simulate(seed, listeners=listeners, days=DAYS, effect=effect).looks():
        sequence = confidence_sequence(first, other, days)
        held &= sequence.low <= effect <= sequence.high
        decided |= sequence.excludes_zero
        mean, error = difference(first, other)
        naive |= min(len(first.values), len(other.values)) >= LISTENERS_MIN and abs(mean) > NORMAL_95 * error
    interval = difference_interval(first, other)
    return Run(interval.low <= effect <= interval.high, interval.excludes_zero, held, decided, naive)


def row(listeners: int, effect: float, runs: int) -> tuple[str, ...]:
    """Measure one effect, and return its row of the table, in percent of the runs."""
    found = [run(seed, listeners, effect) for seed in range(runs)]
    covered, detected, held, decided, naive = (
        100 * sum(getattr(each, name) for each in found) / runs for name in Run.__dataclass_fields__
    )
    required = listeners == LISTENERS
    return (
        f"{listeners}",
        f"{effect:g}",
        at_least(covered, COVERAGE_MIN) if required else f"{covered:.2f}",
        at_least(detected, POWER_MIN) if required and effect == max(EFFECTS) else f"{detected:.2f}",
        f"{held:.2f}",
        _decided(decided, effect) if required else f"{decided:.2f}",
        f"{naive:.2f}",
    )


def _decided(decided: float, effect: float) -> str:
    if effect == 0:
        return at_most(decided, ALARMS_MAX)
    return at_least(decided, POWER_MIN) if effect == max(EFFECTS) else f"{decided:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    rows = [row(LISTENERS, effect, runs) for effect in EFFECTS]
    rows += [row(FEW_LISTENERS, effect, runs) for effect in (0.0, max(EFFECTS))]
    header = (
        "listeners each",
        "effect",
        "end: covered %",
        "end: found %",
        "daily: held %",
        "daily: decided %",
        "naive %",
    )
    show(f"{runs} simulated experiments of {DAYS} days, seeds 0 to {runs - 1}", header, rows)


if __name__ == "__main__":
    main()
