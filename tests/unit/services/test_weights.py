"""Weight of a track by the kind of event, the played share, and the age."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.listening import UNDATED, EventKind, ListenEvent
from services.recommend.taste import weight_of, weights_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = 200_000
HALF_LIFE_DAYS = 30.0


def weigh(*events: ListenEvent, half_life_days: float = HALF_LIFE_DAYS) -> dict[str, float]:
    return weights_of(events, {"a": LENGTH, "b": None}, now=NOW, half_life_days=half_life_days)


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        (EventKind.PLAY, 1),
        (EventKind.LIKE, 2),
        (EventKind.SKIP, -1),
        (EventKind.DISLIKE, -2),
        (EventKind.BAN, -3),
    ],
)
def test_each_kind_of_event_has_its_weight(kind, weight):
    """Plays and likes are positive; skips, dislikes and bans are negative."""
    assert weigh(ListenEvent("b", kind)) == {"b": weight}


@pytest.mark.parametrize(
    ("kind", "share", "weight"),
    [
        (EventKind.PLAY, 0.0, -1),
        (EventKind.PLAY, 0.15, -0.5),
        (EventKind.PLAY, 0.3, 0),
        (EventKind.PLAY, 0.55, 0.5),
        (EventKind.PLAY, 0.8, 1),
        (EventKind.PLAY, 3.0, 1),
        (EventKind.SKIP, 0.0, -1),
        (EventKind.SKIP, 0.15, -0.5),
        (EventKind.SKIP, 0.9, 0),
        (EventKind.LIKE, 0.1, 2),
    ],
)
def test_the_played_share_replaces_the_weight(kind, share, weight):
    """0 % is a rejection, 80 % a whole play; a late skip is 0; a verdict ignores the share."""
    assert weigh(ListenEvent("a", kind, played_ms=round(share * LENGTH)))["a"] == pytest.approx(weight)


def test_an_event_has_half_its_weight_after_a_half_life():
    """An event in the future counts as now."""
    ages = (timedelta(0), timedelta(days=7), timedelta(days=14), timedelta(days=-3))

    weights = [weigh(ListenEvent("a", at=NOW - age), half_life_days=7)["a"] for age in ages]

    assert weights == pytest.approx([1, 0.5, 0.25, 1])


def test_the_last_verdict_on_a_track_counts():
    """A verdict replaces earlier events, in order of time."""
    before, after = NOW - timedelta(days=1), NOW
    like, dislike = ListenEvent("a", EventKind.LIKE, at=after), ListenEvent("a", EventKind.DISLIKE, at=before)

    assert weigh(like, dislike)["a"] == pytest.approx(2)
    assert weigh(dislike, ListenEvent("a"), ListenEvent("a"))["a"] == pytest.approx(2 - 2 * 0.5 ** (1 / 30))


def test_events_on_unknown_tracks_are_ignored():
    """Unknown tracks have no entry among the durations."""
    assert weigh(ListenEvent("elsewhere")) == {}


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
def test_any_moment_gives_a_weight(at):
    """Every time zone and every year is accepted."""
    event = ListenEvent("a", at=at)

    assert 0 <= weight_of(event, None, now=NOW, half_life_days=30) <= 1
    assert weigh(event, ListenEvent("a"))["a"] >= 1


def test_plays_without_a_time_weigh_like_plays_of_a_year_ago():
    """Each of them counts, and with a longer half-life they count more."""
    undated = ListenEvent("a", EventKind.PLAY, UNDATED, undated_plays=3)
    year_ago = ListenEvent("a", EventKind.PLAY, NOW - timedelta(days=365))

    assert weigh(undated) == pytest.approx({"a": 3 * weigh(year_ago)["a"]})
    assert weigh(undated, half_life_days=365) == pytest.approx({"a": 1.5})
