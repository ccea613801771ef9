"""Tastes of a weighted history: clusters, rejections, and reasons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.track import Embedded
from services.recommend.explain import Reasons
from services.recommend.taste import CLUSTERED_MAX, profile_of, ward_clusters

UNIT = np.eye(128, dtype=np.float32)


def near(axis: int, off: int, share: float = 0.2) -> np.ndarray:
    vector = UNIT[axis] + share * UNIT[off]
    return vector / np.linalg.norm(vector)


TRACKS = {
    name: Embedded(name, vector, name)
    for name, vector in {
        "a": UNIT[0],
        "a1": near(0, 10),
        "a2": near(0, 11),
        "b": UNIT[1],
        "b1": near(1, 12),
        "b2": near(1, 13),
        "c": UNIT[2],
    }.items()
}


def profile(**weights: float):
    return profile_of(weights, TRACKS)


def test_one_play_is_the_track_itself():
    """A taste of one play points where the track is."""
    [taste] = profile(a=1.0).tastes

    assert taste.vector == pytest.approx(UNIT[0])
    assert taste.plays == (("a", 1.0),)


def test_a_coherent_history_is_one_taste():
    """Tracks of one kind are one taste, and the heavier one has more influence."""
    [taste] = profile(a=0.5, a1=1.0).tastes

    assert [track_id for track_id, _ in taste.plays] == ["a1", "a"]
    assert taste.vector @ TRACKS["a1"].vector > taste.vector @ TRACKS["a"].vector


def test_two_kinds_are_two_tastes_by_weight():
    """Each kind is a taste with the weight of its plays."""
    first, second = profile(a=1, a1=1, a2=1, b=1, b1=1).tastes

    assert {track_id for track_id, _ in first.plays} == {"a", "a1", "a2"}
    assert (first.weight, second.weight) == (3, 2)


def test_there_are_four_tastes_at_most():
    """Ten unlike tracks are grouped."""
    tracks = {str(axis): Embedded(str(axis), UNIT[axis], "") for axis in range(10)}

    tastes = profile_of(dict.fromkeys(tracks, 1.0), tracks).tastes

    assert len(tastes) == 4
    assert sum(len(taste.plays) for taste in tastes) == 10


def test_rejections_lower_the_weight_of_similar_tastes():
    """A skip near one taste does not change the other."""
    before = {taste.plays[0][0]: taste.weight for taste in profile(a=1, a1=1, b=1, b1=1).tastes}
    after = {taste.plays[0][0]: taste.weight for taste in profile(a=1, a1=1, b=1, b1=1, b2=-0.2).tastes}

    assert after["a"] == before["a"]
    assert 0 < after["b"] < before["b"]


def test_a_taste_that_was_rejected_often_is_dropped():
    """The only taste is never dropped."""
    [left] = profile(a=1, a1=1, b=1, b1=-1, b2=-1).tastes

    assert {track_id for track_id, _ in left.plays} == {"a", "a1"}
    assert len(profile(a=1, a1=-1, a2=-1).tastes) == 1


def test_negatives_are_kept_with_their_strength():
    """The strength is relative to the largest weight."""
    [negative] = profile(a=2, c=-1).negatives

    assert (negative.track_id, negative.strength) == ("c", 0.5)


def test_rejections_alone_have_one_taste():
    """It points in the opposite direction."""
    [taste] = profile(a=-1).tastes

    assert taste.vector == pytest.approx(-UNIT[0])
    assert taste.plays == ()


def test_only_the_proportions_of_weights_matter():
    """Tiny weights of an old history give the same profile."""
    today, long_ago = profile(a=1, b=0.5, c=-0.25), profile(a=1e-30, b=0.5e-30, c=-0.25e-30)

    for one, other in zip(today.tastes, long_ago.tastes, strict=True):
        assert one.vector == pytest.approx(other.vector)
        assert one.weight == pytest.approx(other.weight)


def test_histories_without_direction_give_no_profile():
    """These are histories without events, or with weights of zero."""
    assert profile() is None
    assert profile(a=0.0) is None


def test_every_play_of_a_long_history_belongs_to_a_taste():
    """Plays that are not clustered join the nearest taste."""
    tracks = {f"{index:04}": Embedded("", near(index % 2, 2 + index % 100), "") for index in range(CLUSTERED_MAX + 50)}

    tastes = profile_of(dict.fromkeys(tracks, 1.0), tracks).tastes

    assert sum(len(taste.plays) for taste in tastes) == CLUSTERED_MAX + 50


def test_clusters_respect_weights():
    """The weights decide which merge adds the least variance."""
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.2, 0.0]])

    groups = {tuple(sorted(group)) for group in ward_clusters(np.tile(points, (2, 1)), np.array([1, 1, 1, 1, 1, 1e-3]))}

    assert (0, 3) in groups
    assert any({1, 4} <= set(group) for group in groups)


@given(st.dictionaries(st.sampled_from(sorted(TRACKS)), st.floats(-3, 3).filter(lambda weight: abs(weight) > 1e-9)))
def test_tastes_are_always_finite_unit_vectors(weights):
    """This holds for every history."""
    found = profile_of(weights, TRACKS)

    assert (found is None) == (not weights)
    for taste in found.tastes if found else ():
        assert np.linalg.norm(taste.vector) == pytest.approx(1, abs=1e-3)
        assert taste.weight >= 0


def test_a_faint_play_beside_a_strong_rejection_is_a_taste():
    """A tiny positive weight is enough for a taste."""
    found = profile_of({"a": 6e-8, "b": -1.0}, TRACKS)

    assert [track_id for taste in found.tastes for track_id, _ in taste.plays] == ["a"]


def test_a_far_away_track_still_has_a_reason():
    """If no contribution is positive, the largest one is named."""
    [taste] = profile(a=1.0).tastes

    assert Reasons(taste, TRACKS).of(-UNIT[0]) == ("a",)


def test_the_reason_names_the_plays_that_contributed_most():
    """Reasons are sorted by contribution, the largest first."""
    [taste] = profile(a=1.0, a1=0.5, a2=0.9).tastes

    assert Reasons(taste, TRACKS).of(near(0, 11)) == ("a", "a2", "a1")
