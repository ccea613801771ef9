"""What a listener's past forbids an answer, and what may come again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.domain.listening import EventKind, ListenEvent, Remembered
from services.domain.question import Question
from services.domain.track import Embedded
from services.recommend.history_rules import LATEST_REPEAT_PENALTY, REPEAT_PENALTY, HistoryRules, all_events

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def days(count):
    return NOW - timedelta(days=count)


def asked(**remembered):
    return Question(remembered=Remembered(**remembered))


def test_what_is_excluded_rejected_or_sent_never_comes():
    """Not even where it was heard too lately to come yet."""
    rules = HistoryRules.of(asked(rejected=frozenset("r"), heard={"r": days(1), "x": days(1), "h": days(1)}), ["x"])

    assert rules.forbidden == {"r", "x"}
    assert set(rules.repeats) == {"h"}


def test_who_never_wants_a_track_again_rests_none():
    """What was heard is then as good as excluded."""
    rules = HistoryRules.of(asked(heard={"h": days(900)}, may_return=False), [])

    assert (rules.forbidden, rules.repeats) == ({"h"}, {})


def test_the_longer_ago_a_track_was_heard_the_less_it_yields():
    """In order of time, the latest as much as cosines range over."""
    heard = {"new": days(1), "old": days(20), "older": days(29)}
    resting = HistoryRules.of(asked(heard=heard), []).repeats

    assert resting == {
        "older": pytest.approx(LATEST_REPEAT_PENALTY / 3),
        "old": pytest.approx(LATEST_REPEAT_PENALTY * 2 / 3),
        "new": LATEST_REPEAT_PENALTY,
    }


def test_only_what_may_come_again_yields_a_little():
    """Tracks of the last events that neither rest nor are forbidden."""
    events = tuple(ListenEvent(track_id, at=days(40)) for track_id in ("again", "resting", "rejected"))
    rules = HistoryRules.of(asked(events=events, heard={"resting": days(1)}, rejected=frozenset({"rejected"})), [])

    assert rules.penalties == {"again": REPEAT_PENALTY}


def test_other_encodings_of_what_rests_come_no_sooner_than_it():
    """They are left out together, and so are those of what never comes."""
    tracks = {name: Embedded(name, np.zeros(128, dtype=np.float32), name) for name in ("r", "h", "again")}
    rules = HistoryRules.of(asked(rejected=frozenset("r"), heard={"h": days(1)}), [])

    assert [track.id for track in rules.excluded_recordings(tracks, allow_repeats=False)] == ["r", "h"]
    assert [track.id for track in rules.excluded_recordings(tracks, allow_repeats=True)] == ["r"]


def test_what_was_sent_and_stored_counts_once():
    """The same track, event and time; another event or time is another."""
    stored = (ListenEvent("a", at=days(1)), ListenEvent("b", at=days(1)))
    sent = (ListenEvent("a", at=days(1)), ListenEvent("a", at=days(2)), ListenEvent("b", EventKind.LIKE, days(1)))
    question = Question(history=sent, remembered=Remembered(events=stored))

    assert all_events(question) == (*stored, *sent[1:])
