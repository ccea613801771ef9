"""What the notebooks say of listeners, on listens with planted properties."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from segue_client import Segue, lab
from segue_client.models import ListenIn

from tests.clients.test_lab import library
from tests.fakes.library import track_id

START = pd.Timestamp("2026-01-05", tz="UTC")


def events(listener, vibes, *, skipped=False, hours=1.0):
    """A listener's events of these vibes, some hours apart."""
    return pd.DataFrame(
        {
            "listener": listener,
            "track_id": [f"track {number}" for number in range(len(vibes))],
            "kind": "skip" if skipped else "play",
            "at": [START + pd.Timedelta(hours=hours * number) for number in range(len(vibes))],
            "week": START.tz_localize(None),
            "energy": 0.5,
            "skipped": skipped,
            "vibe": vibes,
        }
    )


def test_vibes_are_the_planted_clusters_with_the_names_of_their_tags():
    """Tags that all tracks have in common name none."""
    random = np.random.default_rng(0)
    sizes = np.repeat([0, 1, 2], 20)
    known = library(random.normal(size=(3, 128))[sizes] * 3 + random.normal(size=(60, 128)) * 0.3)
    for place, tag in enumerate(["piano", "metal", "techno"]):
        known.tags[tag] = np.where(sizes == place, 0.6, 0.1)
    known.tags["music"] = 0.9
    found = lab.vibes(known, 3)

    assert [set(found[sizes == place]) for place in range(3)] == [{name} for name in found[::20]]
    assert [name.split(", ")[0] for name in found[::20]] == ["piano", "metal", "techno"]


def test_means_have_intervals_by_listener():
    """One who listens much counts as one: the interval is wide where listeners differ and narrow where they do not."""
    every = [events(f"listener {number}", ["calm"] * 20, skipped=number % 2 == 0) for number in range(10)]
    every += [events(f"listener {number}", ["loud"] * 20).assign(skipped=[True, False] * 10) for number in range(10)]
    found = lab.mean_by_listener(pd.concat(every), "vibe", "skipped")

    assert found["mean"].to_dict() == {"calm": 0.5, "loud": 0.5}
    assert found.loc["calm", "high"] - found.loc["calm", "low"] > 0.4
    assert found.loc["loud", ["low", "high"]].tolist() == [0.5, 0.5]
    assert lab.mean_by_listener(every[0], "vibe", "skipped")[["low", "high"]].isna().all(axis=None)


def test_intervals_contain_the_planted_mean():
    """In about 95 of 100 simulated groups of listeners."""
    random = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        rates = random.beta(2, 6, size=40)  # the mean is a quarter
        drawn = [
            events(f"{number}", ["calm"] * 12).assign(skipped=random.random(12) < rate)
            for number, rate in enumerate(rates)
        ]
        found = lab.mean_by_listener(pd.concat(drawn), "vibe", "skipped", seed=seed).loc["calm"]
        held += found["low"] <= 0.25 <= found["high"]

    assert 180 <= held <= 199


def test_a_listener_who_changes_has_the_larger_drift():
    """From one vibe to another is 1, and the same in both halves is 0."""
    changed, same = events("changed", ["calm"] * 10 + ["loud"] * 10), events("same", ["calm", "loud"] * 10)

    assert lab.drift(pd.concat([same, changed])).to_dict() == {"changed": 1.0, "same": 0.0}


def test_sessions_end_after_half_an_hour():
    """The most active listener comes first."""
    found = lab.listeners(pd.concat([events("rare", ["calm"] * 2), events("often", ["calm"] * 6, hours=0.1)]))

    assert found["sessions"].to_dict() == {"often": 1, "rare": 2}
    assert list(found.index) == ["often", "rare"]


def test_simulated_listeners_are_said_to_be():
    """In words that nobody overlooks, and never of real ones."""
    both = pd.concat([events("simulated-01", ["calm"]), events("ada", ["calm"])])

    assert "1 of 2 listeners are SIMULATED" in lab.simulated(both)
    assert "none of them simulated" in lab.simulated(both[both["listener"] == "ada"])


def test_weeks_of_tastes_are_shares():
    """A panel for all and for each named listener, each bar up to 1."""
    both = pd.concat([events("ada", ["calm", "loud"]), events("bob", ["calm"])])
    figure = lab.taste_figure(both, ["ada"])
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
    heights = [sum(bar.get_height() for bar in axes.patches) for axes in figure.axes]
    plt.close(figure)

    assert titles == ["all 2 listeners: 3 plays", "ada: 2 plays"]
    assert heights == pytest.approx([1, 1])


def test_listens_are_read_with_their_tracks_and_times(url):
    """Local hours, the first time of a track, and what the library does not have; likes are no listens."""
    at = datetime(2026, 1, 11, 23, 30, tzinfo=UTC)
    first = track_id(0)
    with Segue(url) as client:
        client.listen(
            "reader",
            [
                ListenIn(track_id=first, at=at),
                ListenIn(track_id=first, event="skip", at=at + timedelta(hours=1), played_ms=2000),
                ListenIn(track_id=first, event="like", at=at),
                ListenIn(artist="Nobody", title="Nothing", at=at),
            ],
        )
        found = lab.listening(client, lab.load(client), zone="Europe/Berlin")
        missing = lab.not_found(client)

    own = found[found["listener"] == "reader"]
    assert own[["hour", "first", "skipped"]].to_numpy().tolist() == [[0, True, False], [1, False, True]]
    assert own["week"].unique().tolist() == [pd.Timestamp("2026-01-12")]
    assert own["vibe"].notna().all()
    assert missing[["artist", "title", "plays", "listeners"]].to_numpy().tolist() == [["Nobody", "Nothing", 1, 1]]
