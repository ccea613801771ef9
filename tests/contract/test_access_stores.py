"""API keys and kept answers, on SQLite and on PostgreSQL."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services.catalog import Catalogue, idempotency
from services.catalog.database import now
from services.catalog.idempotency import BODY_MAX_BYTES, Claim, IdempotencyStore, KeptAnswer, Mismatch, Running
from services.catalog.tables import IdempotencyRow
from services.domain.access import Scope
from services.domain.errors import KeyNotFound

ANSWER = KeptAnswer(202, [("Location", "/v1/jobs/1"), ("Content-Type", "application/json")], b'{"a": "\xc3\xa9"}')
REQUEST = "r" * 64
PRINT = "f" * 64


@pytest.fixture
def store(catalogue: Catalogue) -> IdempotencyStore:
    return catalogue.idempotency


def make_older(catalogue, **columns):
    """Move a kept request's times into the past."""
    with catalogue.database.write() as session:
        session.execute(update(IdempotencyRow).values({name: now() - past for name, past in columns.items()}))


def test_a_key_is_found_until_it_is_revoked(catalogue):
    """What was made is found with its scopes and listeners, and then not any more."""
    keys = catalogue.keys
    made = keys.create("Ada's phone", [Scope.LISTEN, Scope.READ], ["ada"])
    found = keys.find(made.id)
    assert (found.digest, found.key.listeners) == (made.digest, frozenset({"ada"}))
    assert found.key.scopes == {Scope.READ, Scope.LISTEN}
    assert keys.any_active()
    keys.revoke(made.id)

    assert keys.find(made.id) is None
    assert not keys.any_active()
    assert [key.name for key in keys.all() if key.revoked_at] == ["Ada's phone"]
    with pytest.raises(KeyNotFound):
        keys.revoke("none")


def test_keys_of_programs_are_not_peoples(catalogue):
    """What `segue up` makes for itself opens the service but is not listed, and is dropped."""
    made = catalogue.keys.create("segue up", [Scope.ADMIN], internal=True)
    assert catalogue.keys.find(made.id) is not None
    assert (catalogue.keys.all(), catalogue.keys.any_active()) == ([], False)
    catalogue.keys.remove_internal("segue up")

    assert catalogue.keys.find(made.id) is None


def test_an_answer_is_kept_and_given_again(store):
    """The first run gets the claim; later ones get its answer, byte by byte."""
    claim = store.begin(REQUEST, PRINT)
    assert isinstance(claim, Claim)
    assert isinstance(store.begin(REQUEST, PRINT), Running)
    store.finish(claim, ANSWER)

    assert store.begin(REQUEST, PRINT) == ANSWER
    assert isinstance(store.begin(REQUEST, "0" * 64), Mismatch)


def test_a_released_request_may_run_again(store):
    """After an error nothing was done: the same key begins anew, with another body too."""
    store.release(store.begin(REQUEST, PRINT))

    assert isinstance(store.begin(REQUEST, "0" * 64), Claim)


def test_one_of_many_at_once_runs(store):
    """However many send it at the same moment, one does it."""
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda _: store.begin(REQUEST, PRINT), range(16)))

    assert sorted(type(each).__name__ for each in found) == ["Claim"] + ["Running"] * 15


def test_a_dead_run_does_not_hold_its_key(catalogue, store):
    """When its lease is over the next one does it, and what the dead one says later does not count."""
    dead = store.begin(REQUEST, PRINT)
    make_older(catalogue, lease_until=timedelta(seconds=1))
    assert isinstance(store.begin(REQUEST, "0" * 64), Mismatch)
    heir = store.begin(REQUEST, PRINT)
    store.finish(dead, KeptAnswer(200, [], b"late"))
    store.release(dead)
    assert isinstance(heir, Claim)
    assert isinstance(store.begin(REQUEST, PRINT), Running)
    store.finish(heir, ANSWER)

    assert store.begin(REQUEST, PRINT) == ANSWER


def test_answers_are_forgotten_after_a_day(catalogue, store):
    """An old key may be used for something else; what nobody asks for again is removed."""
    store.finish(store.begin(REQUEST, PRINT), ANSWER)
    store.finish(store.begin("o" * 64, PRINT), ANSWER)
    make_older(catalogue, expires_at=timedelta(seconds=1))
    assert isinstance(store.begin(REQUEST, "0" * 64), Claim)
    assert isinstance(IdempotencyStore(catalogue.database).begin("n" * 64, PRINT), Claim)

    assert count(catalogue) == 2


def test_the_table_is_bounded(catalogue, monkeypatch):
    """Beyond the limit the oldest go first."""
    monkeypatch.setattr(idempotency, "ENTRIES_MAX", 3)
    for number in range(6):
        # Each a process that has not tidied up yet.
        store = IdempotencyStore(catalogue.database)
        store.finish(store.begin(f"{number:064}", PRINT), ANSWER)

    assert count(catalogue) <= 4
    assert store.begin(f"{5:064}", PRINT) == ANSWER
    assert isinstance(store.begin(f"{0:064}", PRINT), Claim)


def test_an_answer_that_is_too_large_is_not_kept(store):
    """It is released instead, so that nobody waits for it."""
    claim = store.begin(REQUEST, PRINT)
    store.finish(claim, KeptAnswer(200, [], secrets.token_bytes(BODY_MAX_BYTES + 1)))

    assert isinstance(store.begin(REQUEST, PRINT), Claim)


def count(catalogue):
    with catalogue.database.read() as session:
        return session.scalar(select(func.count()).select_from(IdempotencyRow))
