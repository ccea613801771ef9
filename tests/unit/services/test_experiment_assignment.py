"""The assignment of listeners to the variants of an experiment."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.domain.experiments import Experiment, Variant, assign

LISTENERS = [f"listener {number}" for number in range(10_000)]

EXPERIMENT = Experiment(name="one", salt="one", variants=(Variant(name="a"), Variant(name="b", weight=3.0)))


def assigned(experiment):
    """Return the name of the variant of each listener; None without one."""
    found = {listener: assign(experiment, listener) for listener in LISTENERS}
    return {listener: variant and variant.name for listener, variant in found.items()}


def test_variants_get_listeners_by_their_weights():
    """A quarter and three quarters of the listeners, within five standard deviations."""
    counts = Counter(assigned(EXPERIMENT).values())

    assert counts.keys() == {"a", "b"}
    assert counts["a"] / len(LISTENERS) == pytest.approx(0.25, abs=0.022)


def test_the_assignment_stays_the_same():
    """The variant is a function of salt and listener, in every process and version."""
    assert [assign(EXPERIMENT, listener).name for listener in ("ann", "ben", "cem", "dora")] == ["b", "a", "b", "a"]
    assert assigned(EXPERIMENT) == assigned(EXPERIMENT)
    assert assigned(replace(EXPERIMENT, name="other")) == assigned(EXPERIMENT)


def test_a_larger_share_moves_nobody():
    """It adds listeners; those who took part keep their variant."""
    small, large = (assigned(replace(EXPERIMENT, share=share)) for share in (0.2, 0.6))
    took_part = {listener for listener, variant in small.items() if variant is not None}

    assert len(took_part) / len(LISTENERS) == pytest.approx(0.2, abs=0.02)
    assert {small[listener] for listener in took_part} == {"a", "b"}
    assert all(large[listener] == small[listener] for listener in took_part)


def test_experiments_with_different_salts_are_independent():
    """Of those who get `a` in one experiment, a quarter gets `a` in the other."""
    one, two = assigned(EXPERIMENT), assigned(replace(EXPERIMENT, salt="two"))
    both = Counter(two[listener] for listener in LISTENERS if one[listener] == "a")

    assert both["a"] / both.total() == pytest.approx(0.25, abs=0.045)


def test_an_experiment_runs_from_its_start_until_before_its_end():
    """Without them it always runs."""
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    bounded = replace(EXPERIMENT, starts=first, ends=last)

    assert [bounded.runs_at(at) for at in (first, last)] == [True, False]
    assert not bounded.runs_at(datetime(2025, 12, 31, tzinfo=UTC))
    assert EXPERIMENT.runs_at(first)
