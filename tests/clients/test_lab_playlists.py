"""Playlists in notebooks: the order of tracks, and figures of it."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from segue_client.lab import playlists

from tests.clients.test_lab import library


@pytest.fixture
def circle():
    """Forty tracks on a circle, each near the next one."""
    angles = np.linspace(0, np.pi, 40)
    space = np.zeros((40, 128))
    space[:, 0], space[:, 1] = np.cos(angles), np.sin(angles)
    return library(space)


def test_a_sequence_has_the_similarity_to_the_track_before(circle):
    """In the given order; tracks that are not in the sample are left out."""
    found = playlists.sequence(circle, ["id 39", "unknown", "id 0", "id 1"])

    assert list(found.index) == ["id 39", "id 0", "id 1"]
    assert found["position"].tolist() == [1, 2, 3]
    assert np.isnan(found["similarity"].iloc[0])
    assert found["similarity"].iloc[1:].tolist() == pytest.approx([-1, np.cos(np.pi / 39)], abs=1e-5)


def test_a_smooth_order_is_better_than_chance(circle):
    """The mean of random orders is that of all pairs."""
    ids = list(circle.tracks.index)
    similar = circle.space @ circle.space.T
    pairs = similar[~np.eye(40, dtype=bool)].mean()

    assert playlists.random_flow(circle, ids) == pytest.approx(pairs, abs=0.02)
    assert playlists.sequence(circle, ids)["similarity"].mean() > 0.99


def test_figures_show_the_order(circle):
    """A tick a track, and a way a list with its number of tracks."""
    ids = ["id 3", "id 1", "id 2"]
    arc = playlists.arc_figure(playlists.sequence(circle, ids), "Three")
    route = playlists.route_figure(circle, {"path": ids, "words": ["id 5"]})
    ticks = [label.get_text() for label in arc.axes[-1].get_xticklabels()]
    names = [text.get_text() for text in route.axes[0].get_legend().get_texts()]
    plt.close("all")

    assert ticks == ["1. Track 3", "2. Track 1", "3. Track 2"]
    assert names == ["the library (40)", "path (3)", "words (1)"]
