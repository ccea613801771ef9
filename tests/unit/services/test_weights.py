"""What one track of a history counts: by what happened, how much was heard, and how long ago."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain.listening import EventKind, ListenEvent
from services.recommend.weights import weight_of, weights_of

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
def test_what_happened_decides(kind, weight):
    """Plays and likes count for a track, skips, dislikes and bans against it."""
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
def test_how_much_was_heard_decides(kind, share, weight):
    """Left at once is a rejection, 80 % a whole play; a late skip is none; a verdict needs no hearing."""
    assert weigh(ListenEvent("a", kind, played_ms=round(share * LENGTH)))["a"] == pytest.approx(weight)


def test_a_half_life_ago_counts_half():
    """Recency fades by halves, and a clock that is ahead counts as now."""
    ages = (timedelta(0), timedelta(days=7), timedelta(days=14), timedelta(days=-3))

    weights = [weigh(ListenEvent("a", at=NOW - age), half_life_days=7)["a"] for age in ages]

    assert weights == pytest.approx([1, 0.5, 0.25, 1])


def test_the_last_verdict_on_a_track_counts():
    """A verdict replaces what was said before it, in time and not in the order of the list."""
    before, after = NOW - timedelta(days=1), NOW
    like, dislike = ListenEvent("a", EventKind.LIKE, at=after), ListenEvent("a", EventKind.DISLIKE, at=before)

    assert weigh(like, dislike)["a"] == pytest.approx(2)
    assert weigh(dislike, ListenEvent("a"), ListenEvent("a"))["a"] == pytest.approx(2 - 2 * 0.5 ** (1 / 30))


def test_unknown_tracks_say_nothing():
    """Events on tracks without a length entry are left out."""
    assert weigh(ListenEvent("elsewhere")) == {}


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
def test_any_moment_gives_a_weight(at):
    """No time zone and no year breaks the arithmetic."""
    event = ListenEvent("a", at=at)

    assert 0 <= weight_of(event, None, now=NOW, half_life_days=30) <= 1
    assert weigh(event, ListenEvent("a"))["a"] >= 1
