"""Directions of a radio session: their weights and centres after plays, skips and likes."""

import numpy as np
import pytest

from services.domain.listening import ListenEvent
from services.domain.radio import Direction, SessionEvent
from services.domain.track import Embedded
from services.radio.directions import (
    INACTIVE_FACTOR,
    LIKED_PULL,
    NEGATIVES_MAX,
    OUTCOME_BONUS,
    PRIOR_EVENTS,
    REJECTION_FACTOR,
    REJECTIONS_TO_DEACTIVATE,
    evaluate,
    unit,
)

AXES = np.eye(128, dtype=np.float32)


def near(axis: int, off: int, share: float = 0.3) -> np.ndarray:
    return unit(AXES[axis] + share * AXES[off])


TRACKS = {
    name: Embedded(name, vector, name)
    for name, vector in {
        "a": AXES[0],
        "a1": near(0, 10),
        "a2": near(0, 11),
        "b": AXES[1],
        "b1": near(1, 12),
        "ab": unit(AXES[0] + AXES[1]),
        "c": AXES[2],
        "far": unit(0.1 * AXES[0] + AXES[3]),
    }.items()
}
TWO = (Direction(1, (("a", 1.0),), 0.5), Direction(2, (("b", 1.0),), 0.5))


def after(*events: tuple[str, float], directions=TWO, first=1, returned=()):
    numbered = [SessionEvent(first + place, ListenEvent(name)) for place, (name, _) in enumerate(events)]
    weights = {each.number: weight for each, (_, weight) in zip(numbered, events, strict=True)}
    return evaluate(directions, numbered, weights, TRACKS, frozenset(returned))


def test_without_events_directions_do_not_change():
    """Weights, centres and plays are those of the start."""
    found = after()

    assert [(state.weight, state.rejections, state.is_active) for state in found.states] == [(0.5, 0, True)] * 2
    assert [centre.tolist() for centre in found.centres] == [AXES[0].tolist(), AXES[1].tolist()]
    assert found.plays == ((("a", 1.0),), (("b", 1.0),))


def test_a_play_raises_the_weight_of_its_direction_only():
    """The mean outcome of the direction's events, with neutral ones added, is the bonus."""
    first, second = after(("a1", 1.0)).states

    assert first.weight == pytest.approx(0.5 * (1 + OUTCOME_BONUS / (1 + PRIOR_EVENTS)))
    assert second.weight == 0.5


def test_more_plays_raise_the_weight_further_but_at_most_by_the_bonus():
    """A like counts twice as much as a play."""
    one, many = (after(*[("a1", 1.0)] * count).states[0].weight for count in (1, 50))
    liked = after(("a1", 2.0)).states[0].weight

    assert one < liked < many < 0.5 * (1 + OUTCOME_BONUS)


def test_old_events_lose_influence():
    """A like counts less after many neutral events than right away."""
    assert after(("a1", 2.0)).states[0].weight > after(("a1", 2.0), *[("a2", 0.0)] * 24).states[0].weight


@pytest.mark.parametrize("count", range(1, 5))
def test_rejections_in_a_row_lower_the_weight_until_the_direction_is_inactive(count):
    """Each rejection multiplies the weight; the third makes the direction inactive."""
    state = after(*[("a1", -1.0)] * count).states[0]
    active = count < REJECTIONS_TO_DEACTIVATE

    assert (state.rejections, state.is_active) == (count, active)
    assert state.weight == pytest.approx(0.5 * (REJECTION_FACTOR**count if active else INACTIVE_FACTOR))


def test_a_whole_play_resets_the_rejections():
    """A play with a small weight does not reset them."""
    skips = [("a1", -1.0)] * 2

    assert after(*skips, ("a2", 1.0), ("a1", -1.0)).states[0].rejections == 1
    assert after(*skips, ("a2", 0.2), ("a1", -1.0)).states[0].rejections == 3


def test_an_inactive_direction_becomes_active_after_a_like():
    """One like is enough."""
    skips = [("a1", -1.0)] * 3

    assert not after(*skips).states[0].is_active
    assert after(*skips, ("a2", 2.0)).states[0].is_active


def test_the_session_needs_a_direction_when_all_are_inactive():
    """The session then opens a new direction."""
    skips = [("a1", -1.0)] * 3

    assert not after(*skips).are_all_inactive
    assert after(*skips, *[("b1", -1.0)] * 3).are_all_inactive


def test_an_event_between_two_directions_counts_for_both():
    """A track that is about as near to two directions counts for both."""
    assert [state.rejections for state in after(("ab", -1.0)).states] == [1, 1]
    assert [state.rejections for state in after(("a1", -1.0)).states] == [1, 0]


def test_events_before_a_direction_was_opened_do_not_count_for_it():
    """Events before the session do not count for a direction either, but they are negatives."""
    late = (Direction(1, (("a", 1.0),), 1.0, since=3),)

    assert after(*[("a1", -1.0)] * 4, directions=late).states[0].rejections == 2
    before = after(("a1", -1.0), first=0)
    assert before.states[0].rejections == 0
    assert [negative.track_id for negative in before.negatives] == ["a1"]


def test_a_play_of_another_kind_is_unassigned():
    """The latest unassigned play comes first; skips, and tracks of a direction, are not unassigned."""
    assert after(("c", 1.0), ("far", 1.0)).unassigned == ("far", "c")
    assert after(("c", -1.0), ("a", 1.0)).unassigned == ()


def test_a_track_that_the_session_returned_belongs_to_the_nearest_direction():
    """The distance does not matter, because the session chose the track for a direction."""
    found = after(("far", -1.0), returned=["far"])

    assert [state.rejections for state in found.states] == [1, 0]
    assert after(("far", 1.0), returned=["far"]).unassigned == ()


def test_a_rejected_direction_becomes_inactive_with_a_similar_inactive_one():
    """A similar direction that was not rejected stays active."""
    similar = (*TWO[:1], Direction(2, (("ab", 1.0),), 0.5))
    skips = [("a1", -1.0)] * 3
    rejected = after(*skips, ("b1", -1.0), directions=similar)
    spared = after(*skips, directions=(TWO[0], Direction(2, (("ab", 1.0),), 0.5, since=9)))

    assert [state.is_active for state in rejected.states] == [False, False]
    assert [state.is_active for state in spared.states] == [False, True]


def test_liked_tracks_shift_the_centre_and_become_reasons():
    """The centre moves by `LIKED_PULL` towards them; rejected tracks do not move it."""
    found = after(("a1", 2.0), ("a2", -1.0))

    assert found.centres[0] == pytest.approx(unit(AXES[0] + LIKED_PULL * TRACKS["a1"].vector), abs=1e-6)
    assert found.plays[0] == (("a1", 2.0), ("a", 1.0))


def test_a_waypoint_shifts_the_taste_of_its_direction():
    """Without a waypoint, or with one that left the library, the taste is the centre."""
    directions = (
        Direction(1, (("a", 1.0),), 0.5, waypoint="c"),
        Direction(2, (("b", 1.0),), 0.5, waypoint="gone"),
    )
    first, second = after(directions=directions).profile(TRACKS).tastes

    assert first.vector @ AXES[0] > first.vector @ AXES[2] > 0.3
    assert second.vector.tolist() == AXES[1].tolist()


def test_the_latest_rejections_are_negatives():
    """Negatives have the strength of the rejection, and there are at most `NEGATIVES_MAX`."""
    found = after(("c", -3.0), *[("far", -0.5)] * NEGATIVES_MAX)

    assert {negative.track_id for negative in found.negatives} == {"far"}
    assert [negative.strength for negative in found.negatives] == [0.5] * NEGATIVES_MAX


def test_a_direction_whose_tracks_left_the_library_is_skipped():
    """Events on such tracks are skipped too."""
    found = after(("gone", 1.0), directions=(Direction(1, (("gone", 1.0),)), TWO[1]))

    assert [state.number for state in found.states] == [2]
    assert found.unassigned == ()


def test_a_vector_of_length_zero_gets_an_arbitrary_direction():
    """The index is never queried with a vector that has no direction."""
    one = np.random.default_rng(1).normal(size=128).astype(np.float32)

    assert unit(one) == pytest.approx(one / np.linalg.norm(one))
    assert np.linalg.norm(unit(one - one)) == 1
