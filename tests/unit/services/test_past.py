"""What a listener's past forbids an answer, and what may come again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.domain.listening import EventKind, ListenEvent, Remembered
from services.domain.question import Question
from services.domain.track import Embedded
from services.recommend.history_rules import AGAIN, JUST_HEARD, Past, events_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def days(count):
    return NOW - timedelta(days=count)


def asked(**remembered):
    return Question(remembered=Remembered(**remembered))


def test_what_is_excluded_rejected_or_sent_never_comes():
    """Not even where it was heard too lately to come yet."""
    past = Past.of(asked(rejected=frozenset("r"), heard={"r": days(1), "x": days(1), "h": days(1)}), ["x"])

    assert past.never == {"r", "x"}
    assert set(past.resting) == {"h"}


def test_who_never_wants_a_track_again_rests_none():
    """What was heard is then as good as excluded."""
    past = Past.of(asked(heard={"h": days(900)}, may_return=False), [])

    assert (past.never, past.resting) == ({"h"}, {})


def test_the_longer_ago_a_track_was_heard_the_less_it_yields():
    """In order of time, the latest as much as cosines range over."""
    heard = {"new": days(1), "old": days(20), "older": days(29)}
    resting = Past.of(asked(heard=heard), []).resting

    assert resting == {
        "older": pytest.approx(JUST_HEARD / 3),
        "old": pytest.approx(JUST_HEARD * 2 / 3),
        "new": JUST_HEARD,
    }


def test_only_what_may_come_again_yields_a_little():
    """Tracks of the last events that neither rest nor are forbidden."""
    events = tuple(ListenEvent(track_id, at=days(40)) for track_id in ("again", "resting", "rejected"))
    past = Past.of(asked(events=events, heard={"resting": days(1)}, rejected=frozenset({"rejected"})), [])

    assert past.yields == {"again": AGAIN}


def test_other_encodings_of_what_rests_come_no_sooner_than_it():
    """They are left out together, and so are those of what never comes."""
    tracks = {name: Embedded(name, np.zeros(128, dtype=np.float32), name) for name in ("r", "h", "again")}
    past = Past.of(asked(rejected=frozenset("r"), heard={"h": days(1)}), [])

    assert [track.id for track in past.recordings(tracks, rested=False)] == ["r", "h"]
    assert [track.id for track in past.recordings(tracks, rested=True)] == ["r"]


def test_what_was_sent_and_stored_counts_once():
    """The same track, event and time; another event or time is another."""
    stored = (ListenEvent("a", at=days(1)), ListenEvent("b", at=days(1)))
    sent = (ListenEvent("a", at=days(1)), ListenEvent("a", at=days(2)), ListenEvent("b", EventKind.LIKE, days(1)))
    question = Question(history=sent, remembered=Remembered(events=stored))

    assert events_of(question) == (*stored, *sent[1:])
