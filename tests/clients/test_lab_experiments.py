"""From the recommendation log to a decision, on logs with planted effects."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from segue_client import Segue, lab
from segue_client.lab import experiments

DAY = pd.Timestamp("2026-01-05", tz="UTC")


def report(skip_rate, *, decided, completion=None):
    """An answer of the service about two variants."""
    limits = {"low": -0.1, "high": 0.1}
    compared = {"limits": limits, "daily_limits": limits, "listeners_needed": 85}
    rows = {"skip_rate": (skip_rate, decided)} | ({} if completion is None else {"completion": (completion, True)})
    first = [{"metric": name, "value": 0.5, "difference": None} for name in rows]
    other = [
        {"metric": name, "value": 0.5 + value, "difference": compared | {"value": value, "decided": known}}
        for name, (value, known) in rows.items()
    ]
    return {
        "variants": [{"variant": {"name": "as-now"}, "metrics": first}, {"variant": {"name": "new"}, "metrics": other}]
    }


def log(rates, *, days=1, tracks=20, seed=0):
    """The export of a log: a variant a rate, whose 30 listeners skip with this probability."""
    random = np.random.default_rng(seed)
    rows = [
        (variant, f"{variant} {person}", DAY + pd.Timedelta(days=day), "skip" if skips else "play")
        for variant, rate in rates.items()
        for person in range(30)
        for day in range(days)
        for skips in random.random(tracks) < rate
    ]
    return pd.DataFrame(rows, columns=["variant", "listener", "given_at", "outcome"])


@pytest.mark.parametrize(
    ("found", "start"),
    [
        (report(-0.1, decided=True), "Adopt new: new has less skip rate than as-now."),
        (report(0.1, decided=True), "Keep as-now: new has more skip rate than as-now."),
        (report(-0.1, decided=True, completion=-0.1), "Keep as-now: new has less skip rate, less completion"),
        (report(-0.1, decided=False), "Go on until each variant has 85 listeners, or keep as-now"),
    ],
)
def test_a_decision_needs_limits_that_exclude_zero(found, start):
    """A variant that is better in one and worse in another is not adopted."""
    [sentence] = experiments.decision(found)

    assert sentence.startswith(start)


def test_a_report_is_a_table_and_a_figure():
    """Differences are relative in the figure, and the first variant has none."""
    table = experiments.metrics(report(0.05, decided=False)).set_index("variant")
    figure = experiments.difference_figure(report(0.05, decided=False))
    [points] = [line for line in figure.axes[0].get_lines() if line.get_label() == "new"]
    plt.close(figure)

    assert np.isnan(table.loc["as-now", "difference"])
    assert table.loc["new", ["difference", "low", "daily_high"]].tolist() == [0.05, -0.1, 0.1]
    assert list(points.get_xdata()) == pytest.approx([0.1])


def test_listens_of_recommendations_are_counted_by_listener():
    """Tracks that nobody heard do not count."""
    rows = log({"as-now": 0.5})
    people = experiments.by_listener(pd.concat([rows, rows.assign(outcome=None), rows.assign(listener=None)]))

    assert people["listens"].tolist() == [20] * 30
    assert people["skips"].sum() == (rows["outcome"] == "skip").sum()
    assert set(people["variant"]) == {"as-now"}


def test_a_large_difference_is_seen_day_by_day():
    """The last day has all of the log, and more days give narrower limits."""
    rows = log({"as-now": 0.6, "new": 0.3}, days=8)
    seen = experiments.looks(rows, "as-now", "new")
    shares = (rows["outcome"] == "skip").groupby(rows["variant"]).mean()

    assert len(seen) == 7
    assert seen["mean"].iloc[-1] == pytest.approx(shares["new"] - shares["as-now"])
    assert seen["high"].iloc[-1] < 0
    assert np.ptp(seen.iloc[-1][["low", "high"]]) < np.ptp(seen.iloc[0][["low", "high"]])


def test_the_computed_power_is_that_of_planted_effects():
    """With as many listeners as are needed it is 80 %, and without an effect there are few false alarms."""
    people = experiments.by_listener(log({"as-now": 0.5}))
    count = experiments.needed(people, 0.1)

    assert experiments.power(people, 0.1, np.array([count]))[0] == pytest.approx(0.8, abs=0.02)
    assert experiments.planted_power(people, 0.1, count) == pytest.approx(0.8, abs=0.12)
    assert experiments.planted_power(people, 0.0, 200) < 0.1
    assert experiments.needed(people, 0.05) == pytest.approx(4 * count, rel=0.05)


def test_a_replay_runs_beside_the_service_only(url, monkeypatch):
    """It says so of an empty log; for a service elsewhere there is none."""
    with Segue(url) as client:
        found = experiments.replay(client, {"diversity": 0.0})
        monkeypatch.setattr(experiments, "LOOPBACK", ())
        elsewhere = experiments.replay(client, {"diversity": 0.0})

    assert "The log cannot answer" in found["conclusion"]
    assert experiments.measures(found).empty
    assert elsewhere is None


def test_an_unknown_option_is_said(url):
    """In the words of the command."""
    with Segue(url) as client, pytest.raises(RuntimeError, match="loudness"):
        lab.experiments.replay(client, {"loudness": 1})
