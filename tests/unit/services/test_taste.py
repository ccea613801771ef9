"""A history becomes a taste: what was liked pulls, what was skipped pushes, what is old fades."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.catalog.tracks import Embedded
from services.domain.listening import EventKind, ListenEvent
from services.recommend.explain import because_of
from services.recommend.taste import HALF_LIFE_DAYS, taste_of, weight_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNIT = np.eye(128, dtype=np.float32)
TRACKS = {name: Embedded(UNIT[axis], 200_000) for axis, name in enumerate("abc")}


def taste(*events: ListenEvent):
    return taste_of(events, TRACKS, now=NOW)


def test_one_play_is_the_track_itself():
    """A taste of one play points where the track is."""
    assert taste(ListenEvent("a")).vector == pytest.approx(UNIT[0])


def test_a_like_outweighs_a_play():
    """The taste leans towards what was liked."""
    vector = taste(ListenEvent("a", EventKind.LIKE), ListenEvent("b")).vector

    assert vector[0] == pytest.approx(2 * vector[1])


@pytest.mark.parametrize("kind", [EventKind.SKIP, EventKind.DISLIKE])
def test_what_was_rejected_pushes_away(kind):
    """The taste turns against a skipped or disliked track."""
    assert taste(ListenEvent("a"), ListenEvent("b", kind)).vector[1] < 0


def test_a_play_that_was_cut_short_counts_less():
    """A quarter heard is a quarter of a play; more than all is one play."""
    weights = [weight_of(ListenEvent("a", played_ms=ms), 200_000, now=NOW) for ms in (50_000, 200_000, 999_000)]

    assert weights == pytest.approx([0.25, 1.0, 1.0])


def test_a_half_life_ago_counts_half():
    """Recency fades by halves, and a clock that is ahead counts as now."""
    ages = (timedelta(0), timedelta(days=HALF_LIFE_DAYS), timedelta(days=2 * HALF_LIFE_DAYS), timedelta(days=-3))
    weights = [weight_of(ListenEvent("a", at=NOW - age), None, now=NOW) for age in ages]

    assert weights == pytest.approx([1, 0.5, 0.25, 1])


def test_a_history_of_long_ago_still_has_a_taste():
    """Only proportions matter: ten years fade all of it alike."""
    old = NOW - timedelta(days=3650)

    assert taste(ListenEvent("a", at=old), ListenEvent("b", at=old)).vector[:2] == pytest.approx([0.5**0.5] * 2)


def test_histories_without_direction_give_no_taste():
    """Nothing heard, nothing known, or plays and skips that cancel out."""
    assert taste() is None
    assert taste(ListenEvent("unknown")) is None
    assert taste(ListenEvent("a", EventKind.SKIP), ListenEvent("a", EventKind.SKIP), ListenEvent("a")) is None


def test_the_last_verdict_on_a_track_counts():
    """Whoever dislikes what they liked before is led away from it, and back by another like."""
    like, dislike = ListenEvent("a", EventKind.LIKE), ListenEvent("a", EventKind.DISLIKE)

    assert taste(like, dislike).vector[0] == pytest.approx(-1)
    assert taste(ListenEvent("a"), dislike, like).vector[0] == pytest.approx(1)


@given(
    st.lists(
        st.builds(
            ListenEvent,
            track_id=st.sampled_from("abcx"),
            kind=st.sampled_from(EventKind),
            at=st.none() | st.datetimes(timezones=st.just(UTC)),
            played_ms=st.none() | st.integers(0, 10**9),
        ),
        max_size=30,
    )
)
def test_a_taste_is_always_a_finite_unit_vector(events):
    """Whatever the history, the index gets a vector that it can take."""
    found = taste(*events)

    assert found is None or np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-3)


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=5))))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))
def test_any_moment_in_any_time_zone_has_a_weight(at):
    """Even one that has no equivalent in UTC."""
    assert 0 <= weight_of(ListenEvent("a", at=at), None, now=NOW) <= 1


def test_a_far_away_track_still_has_a_reason():
    """Where no play pulls towards it, the one that pushes away least is named."""
    assert because_of(taste(ListenEvent("a"), ListenEvent("b")), TRACKS, -UNIT[0]) == ("b",)


def test_the_reason_names_the_plays_that_pulled_most():
    """Strongest first; what pushed away or pointed elsewhere is no reason."""
    found = taste(ListenEvent("a"), ListenEvent("b", EventKind.LIKE), ListenEvent("c", EventKind.DISLIKE))
    towards_both = (UNIT[0] + UNIT[1] + UNIT[2]) / np.sqrt(3)

    assert because_of(found, TRACKS, towards_both) == ("b", "a")
