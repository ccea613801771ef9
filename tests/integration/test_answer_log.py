"""The thread that writes the recommendation log: it delays no answer, and counts what it drops."""

import time
from collections.abc import Iterator

import pytest

from services.catalog import Catalogue
from services.domain.experiments import Experiment, Variant
from services.domain.listening import Recommendation
from services.domain.recommendation_log import AnswerKind
from services.experiments.assignment import Experiments
from services.recommend import answer_log
from services.recommend.answer_log import AnswerLog, Write
from services.settings.recommending import LogMode
from services.telemetry.measures import LOGGED_ANSWERS
from tests.fakes.serving import TIMEOUT_SECONDS

FOUND = [Recommendation("a track", 0.5, ("words:calm",), 1, propensity=0.9)]


@pytest.fixture
def log(sqlite_catalogue: Catalogue) -> Iterator[AnswerLog]:
    """A log with a connection of its own, which waits for a lock as briefly as one of a request."""
    opened = Catalogue.open(sqlite_catalogue.database.url.render_as_string(), 0.2)
    made = AnswerLog(opened, LogMode.ALL, Experiments())
    yield made
    made.close()
    opened.close()


def record(log: AnswerLog, write: Write = dict) -> str | None:
    return log.record(log.open(AnswerKind.RECOMMENDATIONS), write, FOUND)


def written(catalogue: Catalogue, count: int) -> list[str]:
    """Return the ids of the logged answers, once there are so many."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while len(found := [answer.id for answer in catalogue.recommendation_log.answers()]) < count:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def dropped() -> float:
    return LOGGED_ANSWERS.labels("dropped")._value.get()


def test_a_locked_catalogue_delays_no_answer(log, sqlite_catalogue, monkeypatch):
    """Answers wait while another process holds the lock, and are written in their order when it is free."""
    monkeypatch.setattr(answer_log, "RETRY_SECONDS", 0.1)
    first = record(log)
    written(sqlite_catalogue, 1)
    with sqlite_catalogue.database.write() as session:
        session.connection()  # holds the lock of all writers
        others = [record(log) for _ in range(300)]  # would block here if it waited
        assert [answer.id for answer in sqlite_catalogue.recommendation_log.answers()] == [first]

    assert written(sqlite_catalogue, 301) == [first, *others]


def test_answers_that_are_too_many_are_dropped_and_counted(sqlite_catalogue, monkeypatch):
    """A dropped answer has no id."""
    monkeypatch.setattr(answer_log, "QUEUED_MAX", 3)
    log = AnswerLog(sqlite_catalogue, LogMode.ALL, Experiments())
    monkeypatch.setattr(log, "_start", lambda: None)
    before = dropped()

    names = [record(log) for _ in range(5)]

    assert [name is not None for name in names] == [True, True, True, False, False]
    assert dropped() - before == 2


def test_the_oldest_waiting_answers_are_dropped(log, sqlite_catalogue, monkeypatch):
    """While the catalogue is unavailable, the memory of the process is bounded."""
    monkeypatch.setattr(answer_log, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(answer_log, "WAITING_MAX", 120)
    before = dropped()
    with sqlite_catalogue.database.write() as session:
        session.connection()
        names = [record(log) for _ in range(130)]
        until = time.monotonic() + TIMEOUT_SECONDS
        while dropped() - before < 10:
            assert time.monotonic() < until
            time.sleep(0.05)

    assert written(sqlite_catalogue, 120) == names[10:]


def test_answers_are_written_while_more_come_all_the_time(log, sqlite_catalogue, monkeypatch):
    """After a time without the catalogue, many wait, and the queue need not become empty."""
    monkeypatch.setattr(answer_log, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(answer_log, "WAITING_MAX", 120)
    before, is_busy = dropped(), True

    def write():
        if is_busy:
            record(log, write)
        return {}

    with sqlite_catalogue.database.write() as session:
        session.connection()
        record(log, write)
        until = time.monotonic() + TIMEOUT_SECONDS
        while dropped() == before:
            assert time.monotonic() < until
            time.sleep(0.05)

    assert written(sqlite_catalogue, 1)
    is_busy = False


def test_answers_that_wait_are_not_written_once_the_listener_is_forgotten(log, sqlite_catalogue):
    """Another process, such as `segue forget`, deletes the listener while this one holds an answer."""

    def recorded():
        return log.record(log.open(AnswerKind.RECOMMENDATIONS, listener="ada"), dict, FOUND)

    recorded()
    sqlite_catalogue.listeners.forget("ada")
    later = recorded()

    assert written(sqlite_catalogue, 1) == [later]


def test_one_bad_answer_does_not_end_the_thread(log, sqlite_catalogue):
    """A question that cannot be written is dropped; later answers are written."""
    before = dropped()
    record(log, write=lambda: {"half": 1 // 0})
    later = record(log)

    assert written(sqlite_catalogue, 1) == [later]
    assert dropped() - before == 1


def test_the_last_answers_are_written_at_the_end(sqlite_catalogue):
    """A process that stops loses none."""
    log = AnswerLog(sqlite_catalogue, LogMode.ALL, Experiments())
    names = [record(log) for _ in range(5)]

    log.close()

    assert [answer.id for answer in sqlite_catalogue.recommendation_log.answers()] == names


def test_a_sample_has_all_answers_of_one_in_ten_listeners(sqlite_catalogue):
    """A listener is in the sample or not, whatever is asked for them."""
    log = AnswerLog(sqlite_catalogue, LogMode.SAMPLE, Experiments())

    def kept(listener):
        return [log.open(kind, listener=listener).id is not None for kind in AnswerKind]

    found = [kept(f"listener {number}") for number in range(1_000)]

    assert all(len(set(each)) == 1 for each in found)
    assert 60 < sum(each[0] for each in found) < 140


def test_nothing_is_logged_when_it_is_off(sqlite_catalogue):
    """Not even an id is made."""
    log = AnswerLog(sqlite_catalogue, LogMode.OFF, Experiments())

    assert record(log) is None


def test_similar_tracks_take_part_in_no_experiment(sqlite_catalogue):
    """No tuning changes them, so they would only blur the difference between variants."""
    experiment = Experiment(name="one", salt="one", variants=(Variant(name="a"), Variant(name="b")))
    log = AnswerLog(sqlite_catalogue, LogMode.ALL, Experiments([experiment]))
    kinds = {kind: log.open(kind, listener="ada").experiment for kind in AnswerKind}

    assert kinds == {kind: None if kind == AnswerKind.SIMILAR else "one" for kind in AnswerKind}
