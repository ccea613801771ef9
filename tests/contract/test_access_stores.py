"""API keys, accounts and stored responses, on SQLite and on PostgreSQL."""

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
from services.domain.errors import AccountExists, AccountNotFound, KeyNotFound

ANSWER = KeptAnswer(202, [("Location", "/v1/jobs/1"), ("Content-Type", "application/json")], b'{"a": "\xc3\xa9"}')
REQUEST = "r" * 64
PRINT = "f" * 64


@pytest.fixture
def store(catalogue: Catalogue) -> IdempotencyStore:
    return catalogue.idempotency


def make_older(catalogue, **columns):
    """Move the times of a stored request into the past."""
    with catalogue.database.write() as session:
        session.execute(update(IdempotencyRow).values({name: now() - past for name, past in columns.items()}))


def test_a_key_is_found_until_it_is_revoked(catalogue):
    """A created key is found with its scopes and listeners; a revoked key is not found."""
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


def test_internal_keys_are_valid_but_not_listed(catalogue):
    """The key that `segue up` creates for itself is valid, is not listed, and can be removed."""
    made = catalogue.keys.create("segue up", [Scope.ADMIN], internal=True)
    assert catalogue.keys.find(made.id) is not None
    assert (catalogue.keys.all(), catalogue.keys.any_active()) == ([], False)
    catalogue.keys.remove_internal("segue up")

    assert catalogue.keys.find(made.id) is None


def test_a_repeated_request_gets_the_stored_response(store):
    """The first request gets the claim; later ones get its response, byte for byte."""
    claim = store.begin(REQUEST, PRINT)
    assert isinstance(claim, Claim)
    assert isinstance(store.begin(REQUEST, PRINT), Running)
    store.finish(claim, ANSWER)

    assert store.begin(REQUEST, PRINT) == ANSWER
    assert isinstance(store.begin(REQUEST, "0" * 64), Mismatch)


def test_a_released_request_may_run_again(store):
    """After a release, the same key accepts a new request, even with another body."""
    store.release(store.begin(REQUEST, PRINT))

    assert isinstance(store.begin(REQUEST, "0" * 64), Claim)


def test_one_of_many_concurrent_requests_runs(store):
    """Of sixteen concurrent requests with the same key, one gets the claim."""
    with ThreadPoolExecutor(8) as clients:
        found = list(clients.map(lambda _: store.begin(REQUEST, PRINT), range(16)))

    assert sorted(type(each).__name__ for each in found) == ["Claim"] + ["Running"] * 15


def test_an_expired_claim_is_replaced(catalogue, store):
    """After the lease expires, the next request gets the claim, and a late result of the first is ignored."""
    dead = store.begin(REQUEST, PRINT)
    make_older(catalogue, lease_until=timedelta(seconds=1))
    assert isinstance(store.begin(REQUEST, "0" * 64), Mismatch)
    successor = store.begin(REQUEST, PRINT)
    store.finish(dead, KeptAnswer(200, [], b"late"))
    store.release(dead)
    assert isinstance(successor, Claim)
    assert isinstance(store.begin(REQUEST, PRINT), Running)
    store.finish(successor, ANSWER)

    assert store.begin(REQUEST, PRINT) == ANSWER


def test_expired_responses_are_deleted(catalogue, store):
    """An expired key accepts another request, and expired rows are deleted."""
    store.finish(store.begin(REQUEST, PRINT), ANSWER)
    store.finish(store.begin("o" * 64, PRINT), ANSWER)
    make_older(catalogue, expires_at=timedelta(seconds=1))
    assert isinstance(store.begin(REQUEST, "0" * 64), Claim)
    assert isinstance(IdempotencyStore(catalogue.database).begin("n" * 64, PRINT), Claim)

    assert count(catalogue) == 2


def test_the_table_is_bounded(catalogue, monkeypatch):
    """Above the maximum, the oldest rows are deleted."""
    monkeypatch.setattr(idempotency, "ENTRIES_MAX", 3)
    for number in range(6):
        # A new store each time, because a store deletes old rows only from time to time.
        store = IdempotencyStore(catalogue.database)
        store.finish(store.begin(f"{number:064}", PRINT), ANSWER)

    assert count(catalogue) <= 4
    assert store.begin(f"{5:064}", PRINT) == ANSWER
    assert isinstance(store.begin(f"{0:064}", PRINT), Claim)


def test_a_response_that_is_too_large_is_not_stored(store):
    """Its key is released, so that the next request runs."""
    claim = store.begin(REQUEST, PRINT)
    store.finish(claim, KeptAnswer(200, [], secrets.token_bytes(BODY_MAX_BYTES + 1)))

    assert isinstance(store.begin(REQUEST, PRINT), Claim)


def count(catalogue):
    with catalogue.database.read() as session:
        return session.scalar(select(func.count()).select_from(IdempotencyRow))


def test_an_account_has_one_password(catalogue):
    """A second account of a listener is refused; a new password replaces the old one; a removed account has none."""
    accounts = catalogue.accounts
    accounts.add("Ada", "first password")
    with pytest.raises(AccountExists):
        accounts.add("Ada", "another password")
    assert accounts.password("Ada") == "first password"
    accounts.change("Ada", "second password")
    accounts.add("ada", "of somebody else")

    assert [each.listener for each in accounts.all()] == ["Ada", "ada"]
    assert accounts.password("Ada") == "second password"
    accounts.remove("Ada")
    assert [each.listener for each in accounts.all()] == ["ada"]
    assert accounts.password("Ada") is None


def test_an_account_that_does_not_exist_cannot_be_changed(catalogue):
    """The error names the listener, also for a name that no database can store."""
    for change in (lambda: catalogue.accounts.change("bob", "password"), lambda: catalogue.accounts.remove("bob")):
        with pytest.raises(AccountNotFound, match="'bob' has no account"):
            change()
    assert catalogue.accounts.password("a\0b") is None
