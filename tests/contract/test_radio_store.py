"""The store of radio sessions, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, column, func, insert, select, table, update

from services.catalog.database import MIGRATIONS, now
from services.catalog.idempotency import Mismatch
from services.catalog.radio import CALLS_KEPT, EVENTS_KEPT
from services.catalog.radio_documents import call_as_json
from services.catalog.tables import IdempotencyRow, RadioEventRow, RadioRow, RadioTrackRow
from services.domain.errors import RadioNotFound
from services.domain.filters import Filters, Range
from services.domain.listening import EventKind, ListenEvent, Recommendation
from services.domain.question import Exclusion, Order, Question
from services.domain.radio import (
    IDLE,
    CallRecord,
    Direction,
    RadioPick,
    RadioSession,
    SessionEvent,
    SessionState,
    SessionTrack,
    SessionWords,
)
from services.domain.words import Understood, WeightedText

TERMS = Question(
    filters=Filters({"tempo": Range(90, None)}, {"genre": ("folk",)}, {"artist": ("Nobody",)}, frozenset({"tempo"})),
    targets={"energy": 0.5},
    exclude=Exclusion(tracks=("x",)),
    diversity=0.1,
    variety=0.2,
    seed=2**62,
    order=Order.FLOW,
    half_life_days=3.5,
)


WORDS = SessionWords(
    (
        WeightedText(
            Understood(
                text="calm, under 80 bpm, no drums, like Peace",
                filters=Filters({"tempo": Range(None, 80)}),
                targets={"energy": 0.2},
                like=("a",),
                less=("drums",),
                rest="calm",
                warnings=("Careful.",),
            ),
            -0.5,
        ),
    ),
    "sleep",
)


def state(name="s", listener=None):
    session = RadioSession(
        id=name,
        listener=listener,
        terms=TERMS,
        directions=(Direction(1, (("a", 2.0), ("b", 0.5)), 0.7, 3, "w"), Direction(2, (("c", 1.0),))),
        words=WORDS,
        created_at=now(),
        touched_at=now(),
    )
    tracks = {"a": SessionTrack(track_id="a", position=0, reported=True, barred=True)}
    return SessionState(session, tracks, (SessionEvent(0, ListenEvent("a", EventKind.BAN)),))


def call(number=1):
    return CallRecord(f"key {number}", "digest", (RadioPick(Recommendation("t", 0.5, ("a",)), 1),), ("nobody",))


def test_a_session_is_loaded_as_it_was_created(catalogue):
    """Terms, words, directions, tracks and events are stored completely."""
    made = state(listener="ada")
    catalogue.radio.create(made)

    assert catalogue.radio.load("s") == made


def downgrade(catalogue, revision, *statements):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalogue.database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_calls_of_an_older_catalogue_can_be_repeated(catalogue):
    """A migration moves stored calls to the table of idempotent requests; they are deleted with their session."""
    catalogue.radio.create(state())
    columns = (column("session_id"), column("key"), column("number"), column("digest"), column("answer", JSON))
    older = insert(table("radio_calls", *columns)).values(("s", "key 1", 1, "digest", call_as_json(call())))
    downgrade(catalogue, "0006", older)
    catalogue.migrate()

    assert catalogue.radio.answered("s", "key 1", "digest") == call()
    catalogue.radio.end("s")
    assert catalogue.radio.answered("s", "key 1", "digest") is None


def test_sessions_of_an_older_catalogue_keep_their_terms(sqlite_catalogue):
    """Filters, exclusions and options are kept by the migration of their document, in both directions."""
    sqlite_catalogue.radio.create(state())
    downgrade(sqlite_catalogue, "0005")
    with sqlite_catalogue.database.read() as session:
        older = session.scalar(select(RadioRow.terms))
    sqlite_catalogue.migrate()

    assert (older["ranges"], older["exclude_tracks"]) == ({"tempo": [90, None]}, ["x"])
    assert sqlite_catalogue.radio.load("s").session.terms == TERMS


def test_sessions_of_an_older_catalogue_have_no_words(catalogue):
    """A migration adds the words; a session from before it is not steered."""
    catalogue.radio.create(state())
    downgrade(catalogue, "0008")
    catalogue.migrate()

    assert catalogue.radio.load("s").session.words == SessionWords()


def test_a_call_is_stored_completely(catalogue):
    """A call replaces the rows of its tracks, adds its events and answer, and increments the revision."""
    catalogue.radio.create(state())
    before = catalogue.radio.load("s").session
    moved = SessionTrack(track_id="a", position=4, direction=2, call=1)
    event = SessionEvent(1, ListenEvent("a", EventKind.SKIP, now(), 5))
    advanced = replace(before, position=4, calls=1, events=1, words=SessionWords(mood="party"))
    kept = catalogue.radio.advance(advanced, [moved], [event], call())
    after = catalogue.radio.load("s")

    assert kept
    assert after.tracks == {"a": moved}
    assert after.events[-1] == event
    assert (after.session.position, after.session.revision) == (4, 1)
    assert after.session.words == SessionWords(mood="party")
    assert catalogue.radio.answered("s", "key 1", "digest") == call()
    assert isinstance(catalogue.radio.answered("s", "key 1", "another"), Mismatch)
    assert catalogue.radio.answered("s", "key 2", "digest") is None


def test_the_slower_of_two_calls_changes_nothing(catalogue):
    """A call that read the session before another call changed it is refused and stores nothing."""
    catalogue.radio.create(state())
    session = catalogue.radio.load("s").session
    first = catalogue.radio.advance(replace(session, position=1), [SessionTrack(track_id="t", position=1)], [], None)
    second = catalogue.radio.advance(replace(session, position=2), [SessionTrack(track_id="u", position=2)], [], call())

    assert (first, second) == (True, False)
    assert set(catalogue.radio.load("s").tracks) == {"a", "t"}
    assert catalogue.radio.answered("s", "key 1", "digest") is None


def test_only_the_latest_events_and_answers_are_kept(catalogue):
    """A session keeps at most `EVENTS_KEPT` events and `CALLS_KEPT` calls."""
    catalogue.radio.create(state())
    for number in range(1, CALLS_KEPT + 3):
        session = catalogue.radio.load("s").session
        events = [SessionEvent(session.events + place, ListenEvent("a")) for place in range(1, 101)]
        catalogue.radio.advance(replace(session, calls=number, events=session.events + 100), [], events, call(number))
    events = catalogue.radio.load("s").events

    assert (len(events), events[-1].number) == (EVENTS_KEPT, 1200)
    assert catalogue.radio.answered("s", "key 2", "digest") is None
    assert catalogue.radio.answered("s", "key 3", "digest") is not None


def rows(catalogue):
    tables = (RadioRow, RadioTrackRow, RadioEventRow, IdempotencyRow)
    with catalogue.database.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_an_ended_session_is_deleted_completely(catalogue):
    """Tracks, events and answers are deleted with the session, and every later use raises RadioNotFound."""
    catalogue.radio.create(state())
    session = catalogue.radio.load("s").session
    catalogue.radio.advance(session, [], [], call())
    catalogue.radio.end("s")

    assert rows(catalogue) == [0, 0, 0, 0]
    for use in (catalogue.radio.end, catalogue.radio.load):
        with pytest.raises(RadioNotFound):
            use("s")
    with pytest.raises(RadioNotFound):
        catalogue.radio.advance(session, [], [], None)


def test_forgetting_a_listener_deletes_their_sessions(catalogue):
    """Sessions of other listeners are kept."""
    for name, user in (("1", "ada"), ("2", "ada"), ("3", "bob"), ("4", None)):
        catalogue.radio.create(state(name, user))

    catalogue.listeners.forget_history("ada")
    assert rows(catalogue)[0] == 2


def test_an_idle_session_expires(catalogue):
    """An expired session cannot be loaded, and `drop_idle` deletes it."""
    for name in ("old", "new"):
        catalogue.radio.create(state(name))
    with catalogue.database.write() as session:
        past = now() - IDLE - timedelta(minutes=1)
        session.execute(update(RadioRow).where(RadioRow.id == "old").values(touched_at=past))

    with pytest.raises(RadioNotFound):
        catalogue.radio.load("old")
    assert catalogue.radio.drop_idle() == 1
    assert rows(catalogue) == [1, 1, 1, 0]
