"""Rules from a listener's history: forbidden tracks, and repeats."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.domain.listening import EventKind, ListenEvent, Remembered, Start, StartPlay
from services.domain.question import Question
from services.domain.track import Embedded
from services.recommend.recommender import LATEST_REPEAT_PENALTY, REPEAT_PENALTY, HistoryRules, all_events

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def days(count):
    return NOW - timedelta(days=count)


def asked(**remembered):
    return Question(remembered=Remembered(**remembered))


def test_excluded_rejected_and_sent_tracks_are_forbidden():
    """These tracks are forbidden even if they were heard recently."""
    rules = HistoryRules.of(asked(rejected=frozenset("r"), heard={"r": days(1), "x": days(1), "h": days(1)}), ["x"])

    assert rules.forbidden == {"r", "x"}
    assert set(rules.repeats) == {"h"}


def test_without_repeats_all_heard_tracks_are_forbidden():
    """The time of the play does not matter."""
    rules = HistoryRules.of(asked(heard={"h": days(900)}, may_return=False), [])

    assert (rules.forbidden, rules.repeats) == ({"h"}, {})


def test_the_penalty_of_a_repeat_decreases_with_time():
    """The penalty depends on the rank; the most recently heard track has the largest."""
    heard = {"new": days(1), "old": days(20), "older": days(29)}
    resting = HistoryRules.of(asked(heard=heard), []).repeats

    assert resting == {
        "older": pytest.approx(LATEST_REPEAT_PENALTY / 3),
        "old": pytest.approx(LATEST_REPEAT_PENALTY * 2 / 3),
        "new": LATEST_REPEAT_PENALTY,
    }


def test_tracks_heard_long_ago_have_a_small_penalty():
    """The penalty applies to stored events whose tracks are neither repeats nor forbidden."""
    events = tuple(ListenEvent(track_id, at=days(40)) for track_id in ("again", "resting", "rejected"))
    rules = HistoryRules.of(asked(events=events, heard={"resting": days(1)}, rejected=frozenset({"rejected"})), [])

    assert rules.penalties == {"again": REPEAT_PENALTY}


def test_tracks_that_a_new_listener_named_have_a_small_penalty():
    """The listener knows them; tracks that only stand for a mood or an artist have no penalty."""
    plays = (StartPlay("named", 1.0, "named"), StartPlay("of a mood", 1.0, "mood:focus"))
    rules = HistoryRules.of(asked(start=Start(tracks=("named",), plays=plays, at=NOW)), [])

    assert rules.penalties == {"named": REPEAT_PENALTY}


def test_other_encodings_are_excluded_together_with_a_track():
    """Copies of repeats are excluded unless repeats are allowed, copies of forbidden tracks always."""
    tracks = {name: Embedded(name, np.zeros(128, dtype=np.float32), name) for name in ("r", "h", "again")}
    rules = HistoryRules.of(asked(rejected=frozenset("r"), heard={"h": days(1)}), [])

    assert [track.id for track in rules.excluded_recordings(tracks, allow_repeats=False)] == ["r", "h"]
    assert [track.id for track in rules.excluded_recordings(tracks, allow_repeats=True)] == ["r"]


def test_an_event_that_is_sent_and_stored_counts_once():
    """Such an event has the same track, kind and time."""
    stored = (ListenEvent("a", at=days(1)), ListenEvent("b", at=days(1)))
    sent = (ListenEvent("a", at=days(1)), ListenEvent("a", at=days(2)), ListenEvent("b", EventKind.LIKE, days(1)))
    question = Question(history=sent, remembered=Remembered(events=stored))

    assert all_events(question) == (*stored, *sent[1:])
