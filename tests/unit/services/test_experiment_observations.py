"""What an experiment observes of each listener."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.listening import EventKind
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack, Outcome
from services.experiments.observations import Metric, observe, totals

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def answer(*tracks: str, at: datetime = NOON, listener: str | None = "ada", variant: str = "a") -> LoggedAnswer:
    return LoggedAnswer(
        id="1",
        at=at,
        kind=AnswerKind.RECOMMENDATIONS,
        listener=listener,
        session="radio",
        question={},
        model_version="m",
        ranking_version=1,
        experiment="one",
        variant=variant,
        tracks=tuple(LoggedTrack(track, rank, 0.5) for rank, track in enumerate(tracks, start=1)),
    )


def outcome(kind: EventKind, minute: int, played_ms: int | None = None, duration_ms: int | None = 200_000) -> Outcome:
    return Outcome(
        answer_id="1",
        rank=1,
        track_id="x",
        listener="ada",
        kind=kind,
        at=NOON + minute * MINUTE,
        played_ms=played_ms,
        duration_ms=duration_ms,
    )


def measure(metric: Metric, log, new: int = 0, size: int = 10) -> tuple[list[float], list[float]]:
    seen = observe(log)
    found = totals(metric, seen, dict.fromkeys(seen, new), size)
    return found.values.tolist(), found.sizes.tolist()


def test_skips_are_counted_per_play_or_skip():
    """Likes are no listens, and are counted per listen."""
    outcomes = [outcome(EventKind.PLAY, 0), outcome(EventKind.SKIP, 1), outcome(EventKind.LIKE, 2)]
    log = [(answer("x"), outcomes), (answer("y"), [outcome(EventKind.PLAY, 3)])]

    assert measure(Metric.SKIP_RATE, log) == ([1], [3])
    assert measure(Metric.LIKES, log) == ([1], [3])


def test_completion_needs_the_played_time_and_the_length():
    """A track that was played longer than it is, by jumping back, was played once."""
    outcomes = [
        outcome(EventKind.PLAY, 0, 300_000),
        outcome(EventKind.SKIP, 1, 50_000),
        outcome(EventKind.PLAY, 2),
        outcome(EventKind.PLAY, 3, 100_000, None),
    ]

    assert measure(Metric.COMPLETION, [(answer("x"), outcomes)]) == ([1.25], [2])


def test_a_session_ends_with_half_an_hour_of_silence():
    """Its length is what was played; a play of unknown length lasted as long as its track."""
    outcomes = [outcome(EventKind.PLAY, minute, 120_000) for minute in (0, 20, 49, 79, 200)]
    log = [(answer("x"), [*outcomes, outcome(EventKind.PLAY, 201, None, 60_000), outcome(EventKind.SKIP, 202)])]

    assert measure(Metric.SESSION_MINUTES, log) == ([11], [3])


def test_a_track_that_is_recommended_again_covers_no_more():
    """Coverage and the share of new artists are about different tracks."""
    log = [(answer("x", "y"), []), (answer("y", "z", at=NOON + MINUTE), [])]
    seen = observe(log)

    assert measure(Metric.COVERAGE, log) == ([3], [10])
    assert measure(Metric.NEW_ARTISTS, log, new=2) == ([2], [3])
    assert seen["ada"].recommended == {"x": NOON, "y": NOON, "z": NOON + MINUTE}


def test_listeners_without_listens_have_no_skip_rate():
    """They must not count as listeners who skip nothing."""
    log = [(answer("x", listener="ben"), []), (answer("x"), [outcome(EventKind.SKIP, 0)])]

    assert measure(Metric.SKIP_RATE, log) == ([1], [1])
    assert measure(Metric.COVERAGE, log)[0] == [1, 1]


def test_answers_without_a_listener_are_left_out():
    """Nothing is stored of what came of them."""
    assert observe([(answer("x", listener=None), [])]) == {}


def test_variants_and_days_of_a_listener_are_collected():
    """A day is one of UTC; a second variant shows that somebody moved the listener."""
    log = [
        (answer("x"), [outcome(EventKind.PLAY, 0), outcome(EventKind.PLAY, 60)]),
        (answer("x", variant="b"), [outcome(EventKind.PLAY, 720)]),
    ]
    [seen] = observe(log).values()

    assert (seen.variants, len(seen.days), seen.answers) == ({"a", "b"}, 2, 2)


@pytest.mark.parametrize("metric", Metric)
def test_without_listeners_there_is_nothing_to_measure(metric):
    """An experiment that has just begun has empty totals."""
    assert measure(metric, []) == ([], [])
