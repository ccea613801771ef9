"""The recommendation log in the catalogue, on SQLite and on PostgreSQL."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.catalog import Catalogue, forgotten, recommendation_log
from services.catalog.database import now
from services.catalog.library import FileStamp
from services.catalog.tables import MetaRow, TrackRow
from services.catalog.tenancy import limited_to
from services.domain.listening import UNDATED, EventKind, NewListen
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack, Outcome
from services.domain.track import Tags
from tests.fakes.listens import answer as logged_answer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


@pytest.fixture(autouse=True)
def tracks(catalogue: Catalogue) -> None:
    for number in range(4):
        stamp = FileStamp(path=f"/music/{number}.mp3", root="/music", size=number, mtime_ns=1)
        catalogue.library.register(track_id(number), Tags(f"Title {number}", ("Artist",)), stamp)


def answer(*numbers: int, at: datetime = NOON, **more: object) -> LoggedAnswer:
    return logged_answer(*map(track_id, numbers), at=at, **more)


def listen(number: int, at: datetime = LATER, **more: object) -> NewListen:
    return NewListen(**{"names": (track_id(number),), "at": at} | more)


def followed(catalogue: Catalogue) -> dict[str, list[tuple[int, str, EventKind]]]:
    """Return the listens by the answer they are attached to, each as rank, listener and kind."""
    return {
        answer.id: [(each.rank, each.listener, each.kind) for each in outcomes]
        for answer, outcomes in catalogue.recommendation_log.outcomes()
    }


def test_an_answer_is_stored_completely(catalogue):
    """Every field of an answer and of its tracks is stored."""
    stored = answer(
        kind=AnswerKind.RADIO,
        session=str(uuid.uuid4()),
        libraries=("l1", "l2"),
        question={"history": [[track_id(1), "play", None, 3000]]},
        experiment="test",
        variant="b",
        tracks=(LoggedTrack(track_id(2), 1, 0.25, "mood:calm", 3, 0.9), LoggedTrack(track_id(1), 2, -0.5)),
    )

    catalogue.recommendation_log.add([stored])

    assert list(catalogue.recommendation_log.answers()) == [stored]


@pytest.mark.parametrize("deletion", ["forget", "forget_history"])
def test_answers_from_before_a_deletion_are_not_stored(catalogue, deletion):
    """Another process may still hold them in memory. Answers from after it are stored."""
    getattr(catalogue.listeners, deletion)("ada")
    before, after = (answer(1, at=now() + timedelta(minutes=offset)) for offset in (-1, 1))
    of_other = replace(answer(1, at=before.at), listener="bob")

    catalogue.recommendation_log.add([before])
    catalogue.recommendation_log.add([before, of_other, after])

    assert list(catalogue.recommendation_log.answers()) == [of_other, after]


def test_notes_of_deletions_are_deleted_after_a_day(catalogue, monkeypatch):
    """The next deletion does so. No note contains the name."""
    for name, day in (("ada", 1), ("bob", 3)):
        monkeypatch.setattr(forgotten, "now", lambda day=day: datetime(2026, 3, day, tzinfo=UTC))
        catalogue.listeners.forget(name)

    with catalogue.database.read() as session:
        notes = session.execute(select(MetaRow.key, MetaRow.value).where(MetaRow.key.startswith("forgotten:"))).all()
    assert [moment for _, moment in notes] == ["2026-03-03T00:00:00+00:00"]
    assert "bob" not in notes[0].key


def test_answers_are_selected_by_time_experiment_listener_and_kind(catalogue):
    """The start of a time is included, its end is not."""
    plain, tried = answer(1), answer(1, at=LATER, experiment="test", variant="a")
    other = answer(1, at=LATER, listener="bob", kind=AnswerKind.SIMILAR)
    log = catalogue.recommendation_log
    log.add([plain, tried, other])

    assert list(log.answers(since=LATER)) == [tried, other]
    assert list(log.answers(until=LATER)) == [plain]
    assert list(log.answers(experiment="test")) == [tried]
    assert list(log.answers(listener="bob")) == [other]
    assert list(log.answers(kind=AnswerKind.SIMILAR)) == [other]


def test_answers_are_read_page_by_page(catalogue, monkeypatch):
    """Pages neither lose nor repeat answers, also of the same time."""
    monkeypatch.setattr(recommendation_log, "ANSWERS_PER_PAGE", 2)
    stored = [answer(1, 2) for _ in range(5)]
    catalogue.recommendation_log.add(stored[:3])
    catalogue.recommendation_log.add(stored[3:])

    assert list(catalogue.recommendation_log.answers()) == stored


def test_a_listen_is_attached_to_the_answer_that_it_names(catalogue):
    """The named answer wins over a later one; an answer for nobody in particular may be named by anybody."""
    named, later, open_to_all = answer(1, 2), answer(2, at=LATER), answer(3, listener=None)
    catalogue.recommendation_log.add([named, later, open_to_all])

    catalogue.listens.add(
        "ada",
        [
            listen(2, recommendation_id=named.id, kind=EventKind.SKIP, played_ms=900),
            listen(3, recommendation_id=open_to_all.id),
        ],
    )

    assert followed(catalogue) == {
        named.id: [(2, "ada", EventKind.SKIP)],
        later.id: [],
        open_to_all.id: [(1, "ada", EventKind.PLAY)],
    }
    [_, [outcome]] = next(catalogue.recommendation_log.outcomes())
    assert outcome == Outcome(
        answer_id=named.id,
        rank=2,
        track_id=track_id(2),
        listener="ada",
        kind=EventKind.SKIP,
        at=LATER,
        played_ms=900,
        duration_ms=None,
    )


@pytest.mark.parametrize("name", ["00000000-0000-4000-8000-000000000000", "other", "without the track"])
def test_a_listen_is_not_attached_to_an_answer_of_others(catalogue, name):
    """An unknown answer, one for another listener, or one without the track is ignored, and the listen is stored."""
    other, without = answer(2, listener="bob"), answer(1)
    catalogue.recommendation_log.add([other, without])
    names = {"other": other.id, "without the track": without.id}

    [recorded] = catalogue.listens.add("ada", [listen(2, recommendation_id=names.get(name, name))])

    assert recorded.is_new
    assert followed(catalogue) == {other.id: [], without.id: []}


def test_a_listen_long_before_its_answer_is_not_attached(catalogue):
    """A named answer must not be more than a day younger: clocks of players are a little wrong, not by days."""
    named = answer(1)
    catalogue.recommendation_log.add([named])

    early = listen(1, NOON - timedelta(hours=23), recommendation_id=named.id)
    catalogue.listens.add("ada", [early, listen(1, NOON - timedelta(days=2), recommendation_id=named.id)])

    [[_, outcomes]] = catalogue.recommendation_log.outcomes()
    assert [outcome.at for outcome in outcomes] == [early.at]


def test_a_listen_without_a_name_belongs_to_the_latest_answer_of_a_day(catalogue):
    """Only answers for the listener, with the track, in the 24 hours before the listen count."""
    old, latest = answer(1, at=NOON - timedelta(days=2)), answer(3, 1)
    after, other = answer(1, at=LATER + timedelta(minutes=1)), answer(1, listener="bob")
    catalogue.recommendation_log.add([old, latest, after, other])

    catalogue.listens.add("ada", [listen(1), listen(2), listen(3, NOON + timedelta(days=1, seconds=1))])
    catalogue.listens.add("ada", [listen(1, UNDATED, undated_plays=3)])

    assert followed(catalogue) == {old.id: [], latest.id: [(2, "ada", EventKind.PLAY)], after.id: [], other.id: []}


def test_a_listen_that_is_stored_before_its_answer_is_attached_too(catalogue):
    """The answer is written after the response, so a fast player may be earlier."""
    named, unnamed = answer(1, listener=None), answer(2)
    catalogue.listens.add("ada", [listen(1, recommendation_id=named.id), listen(2)])
    assert followed(catalogue) == {}

    catalogue.recommendation_log.add([named, unnamed])

    assert followed(catalogue) == {named.id: [(1, "ada", EventKind.PLAY)], unnamed.id: [(1, "ada", EventKind.PLAY)]}


def test_a_deleted_listen_is_no_outcome(catalogue):
    """The recommended track stays in the log."""
    stored = answer(1)
    catalogue.recommendation_log.add([stored])
    [recorded] = catalogue.listens.add("ada", [listen(1)])

    catalogue.listens.remove("ada", recorded.id)

    assert followed(catalogue) == {stored.id: []}


def test_a_listen_of_a_track_that_took_over_is_attached(catalogue):
    """A file that was encoded again is another track; its listens follow the recommendation of the old one."""
    stored = answer(1)
    catalogue.recommendation_log.add([stored])
    with catalogue.database.write() as session:
        session.get_one(TrackRow, track_id(1)).successor_id = track_id(2)

    catalogue.listens.add("ada", [listen(2)])

    assert followed(catalogue) == {stored.id: [(1, "ada", EventKind.PLAY)]}


def test_old_answers_are_deleted_and_those_of_a_listener_are_forgotten(catalogue, monkeypatch):
    """Their tracks and outcomes go with them."""
    monkeypatch.setattr(recommendation_log, "ANSWERS_PER_DELETION", 2)
    old = [answer(1, 2, at=NOON - timedelta(days=91)) for _ in range(5)]
    own, other = answer(1), answer(1, listener="bob")
    log = catalogue.recommendation_log
    log.add([*old, own, other])
    catalogue.listens.add("ada", [listen(1)])

    assert log.delete_before(NOON - timedelta(days=90)) == 5
    assert list(log.answers()) == [own, other]
    catalogue.listeners.forget_history("ada")
    assert list(log.answers()) == [other]
    assert followed(catalogue) == {other.id: []}


def test_a_library_sees_its_own_answers(catalogue):
    """An answer belongs to the libraries of its sender."""
    own, other = answer(1, libraries=("l1",)), answer(1, listener=None, libraries=("l2",))
    catalogue.recommendation_log.add([own, other])

    with limited_to(frozenset({"l1"})):
        assert list(catalogue.recommendation_log.answers()) == [own]
        assert [found.id for found, _ in catalogue.recommendation_log.outcomes()] == [own.id]


def test_ranks_of_an_answer_stay_in_order(catalogue):
    """Tracks are read in the order of the answer."""
    stored = answer(3, 0, 2, 1)
    catalogue.recommendation_log.add([stored, replace(answer(2), tracks=())])

    [first, empty] = catalogue.recommendation_log.answers()

    assert [track.track_id for track in first.tracks] == [track_id(number) for number in (3, 0, 2, 1)]
    assert empty.tracks == ()
