"""API keys: storage, authentication and revocation."""

import hashlib
import hmac
import inspect
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from services.catalog.tables import ApiKeyRow
from services.domain import access as api_keys
from services.domain.access import LOCAL, Principal, Scope, new_secret, split
from services.local.child_process import ChildProcess
from services.settings import Settings

TRACK = "/v1/tracks/test:1"


def test_a_key_has_a_prefix_and_32_random_bytes():
    """Scanners of leaked secrets recognise the prefix; keys are unique."""
    keys = [new_secret() for _ in range(100)]

    assert all(re.fullmatch(r"segue_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", key.text) for key in keys)
    assert len({key.digest for key in keys}) == 100
    assert split(keys[0].text)[0] == keys[0].id


def test_the_catalogue_stores_a_hash_only(services, key_for, library_dir):
    """The whole catalogue does not contain the key."""
    key = key_for("read")["Authorization"].removeprefix("Bearer ")
    secret = split(key)[1]
    with sqlite3.connect(library_dir / "catalogue.db") as database:
        everything = "\n".join(database.iterdump())

    assert secret not in everything
    assert hashlib.sha256(secret.encode()).hexdigest().upper() in everything.upper()


def test_secrets_are_compared_in_constant_time(monkeypatch):
    """Every comparison is `compare_digest` of two digests, also for an unknown key."""
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(api_keys.hmac, "compare_digest", lambda *two: compared.append(two) or compare(*two))
    made = new_secret()

    assert api_keys.matches(split(made.text)[1], made.digest)
    assert not api_keys.matches("x", made.digest)
    assert not api_keys.matches("", None)
    assert [(len(one), len(two)) for one, two in compared] == [(32, 32)] * 3
    assert "==" not in inspect.getsource(api_keys.matches)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_either_header_is_accepted(locked, key_for, scheme):
    """`Authorization: Bearer` and `X-API-Key`."""
    text = key_for("read")["Authorization"].removeprefix("Bearer ")

    assert locked.get(TRACK, headers={"Authorization": f"{scheme} {text}"}).status_code == 200
    assert locked.get(TRACK, headers={"X-API-Key": text}).status_code == 200
    assert locked.get(f"{TRACK}?apiKey={text}").status_code == 401


def test_a_missing_key_gets_a_challenge(locked):
    """401 with `WWW-Authenticate`, without the error code of an invalid key."""
    answer = locked.get(TRACK)

    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="segue"'
    assert answer.json["type"] == "urn:segue:problem:key-required"
    assert "segue keys create" in answer.json["detail"]


def wrong_keys():
    """Return keys that are nearly right, and texts that are not keys."""
    made = new_secret()
    return [
        "",
        "x",
        "segue_",
        "segue__",
        made.text,  # well-formed, but not in the catalogue
        "segue_" + "é" * 12 + "_x",
        "segue_000000000000_" + "0" * 43,
        "segue_' OR 1=1 --_x",
        "x" * 8000,
    ]


@pytest.mark.parametrize("text", wrong_keys(), ids=range(len(wrong_keys())))
@pytest.mark.parametrize("require_keys", [True, None])
def test_a_wrong_key_is_refused_everywhere(client_with, text, require_keys):
    """A wrong key is refused even if no key is required."""
    client = client_with(require_keys=require_keys)
    answer = client.get(TRACK, headers={"X-API-Key": text.encode("utf-8").decode("latin-1")})

    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert not text or text not in answer.text


def test_the_secret_of_another_key_is_refused(locked, key_for):
    """Id and secret must belong together."""
    one, two = (split(key_for("read")["Authorization"].removeprefix("Bearer ")) for _ in range(2))

    assert locked.get(TRACK, headers={"X-API-Key": f"segue_{one[0]}_{two[1]}"}).status_code == 401


def test_a_revoked_key_is_refused_at_once(locked, services, key_for):
    """The next request after `segue keys revoke` is refused; revoking twice changes nothing."""
    headers = key_for("read")
    assert locked.get(TRACK, headers=headers).status_code == 200
    key_id = split(headers["Authorization"].removeprefix("Bearer "))[0]
    services.catalogue.keys.revoke(key_id)
    revoked_at = services.catalogue.keys.all()[-1].revoked_at
    services.catalogue.keys.revoke(key_id)

    assert locked.get(TRACK, headers=headers).status_code == 401
    assert services.catalogue.keys.all()[-1].revoked_at == revoked_at


def test_the_last_use_is_recorded(locked, services, key_for):
    """Without a write for every request."""
    headers = key_for("read")
    key_id = split(headers["Authorization"].removeprefix("Bearer "))[0]
    store = services.catalogue.keys
    locked.get(TRACK, headers=headers).close()
    first = store.find(key_id).key.last_used_at
    locked.get(TRACK, headers=headers).close()
    store.record_use(key_id)

    assert datetime.now(UTC) - first < timedelta(minutes=1)
    assert store.find(key_id).key.last_used_at == first

    with services.catalogue.database.write() as session:
        session.execute(update(ApiKeyRow).values(last_used_at=first - timedelta(hours=1)))
    store.record_use(key_id)
    assert store.find(key_id).key.last_used_at >= first


def test_keys_are_in_no_log_and_no_response(locked, key_for):
    """Logs name a key by its id; its secret appears nowhere, whatever fails."""
    headers = key_for("read")
    secret = split(headers["Authorization"].removeprefix("Bearer "))[1]
    wrong = {"X-API-Key": f"segue_000000000000_{secret}"}
    with capture_logs() as logs:
        responses = [
            locked.get(path, headers=each_headers)
            for path in (TRACK, "/v1/tracks/none", "/v1/jobs/x", "/nowhere", "/v1/tracks?limit=0")
            for each_headers in (headers, wrong)
        ]

    assert {answer.status_code for answer in responses} == {200, 401, 403, 404, 422}
    assert not any(secret in answer.text or secret in str(answer.headers) for answer in responses)
    assert secret not in str(logs)
    assert secret not in repr(Settings(api_key=secret))


def test_child_processes_do_not_inherit_the_key(tmp_path, monkeypatch):
    """Worker and API started by `segue up` do not get the key of the user who started it."""
    monkeypatch.setenv("SEGUE_API_KEY", "s3cret")
    part = ChildProcess("part", ["sh", "-c", "env; echo end"], tmp_path / "log", {"SEGUE_PORT": "1"})
    part.start()
    part.wait_or_kill(time.monotonic() + 10)

    assert "SEGUE_PORT=1" in (tmp_path / "log").read_text()
    assert "s3cret" not in (tmp_path / "log").read_text()


def test_admin_includes_every_scope():
    """Other scopes include only themselves."""
    admin, reader = (Principal("k", frozenset({scope})) for scope in (Scope.ADMIN, Scope.READ))

    assert admin.has_any([Scope.INGEST])
    assert LOCAL.has_any([Scope.LISTEN])
    assert reader.has_any([Scope.LISTEN, Scope.READ])
    assert not reader.has_any([Scope.INGEST])


def test_a_bound_key_is_limited_to_its_listeners():
    """It has a listener if it is bound to exactly one."""
    ada = Principal("k", frozenset({Scope.LISTEN}), frozenset({"ada"}))
    both = Principal("k", frozenset({Scope.LISTEN}), frozenset({"ada", "bob"}))

    assert [ada.may_reach(user) for user in ("ada", "bob", "Ada", "")] == [True, False, False, False]
    assert (ada.listener, both.listener, LOCAL.listener) == ("ada", None, None)
    assert LOCAL.may_reach("anyone")


def test_an_admin_creates_and_revokes_keys(locked, key_for):
    """The response has the secret once; the list and the log do not. After the revocation the key is refused."""
    admin = key_for("admin")
    with capture_logs() as logs:
        made = locked.post("/v1/keys", headers=admin, json={"name": "Ada's phone", "users": ["ada"]})
    sent = {"X-API-Key": made.json["key"]}
    listed = locked.get("/v1/keys", headers=admin)
    known = next(key for key in listed.json["keys"] if key["id"] == made.json["id"])

    assert made.status_code == 201
    assert (known["name"], known["scopes"], known["users"]) == ("Ada's phone", ["listen", "read"], ["ada"])
    assert split(made.json["key"])[1] not in listed.text + str(logs)
    assert locked.get(TRACK, headers=sent).status_code == 200
    assert locked.get("/v1/users/bob/taste", headers=sent).status_code == 403
    assert locked.delete(made.headers["Location"], headers=admin).status_code == 204
    assert locked.get(TRACK, headers=sent).status_code == 401
    assert locked.delete("/v1/keys/none", headers=admin).status_code == 404


def test_a_new_key_is_never_stored_for_repetitions(locked, key_for, library_dir):
    """`Idempotency-Key` would store the response, and with it the secret; so creating a key ignores the header."""
    headers = key_for("admin") | {"Idempotency-Key": "once"}
    first, second = (locked.post("/v1/keys", headers=headers, json={"name": "phone"}) for _ in range(2))

    assert first.json["key"] != second.json["key"]
    with sqlite3.connect(library_dir / "catalogue.db") as database:
        assert database.execute("SELECT count(*) FROM idempotency WHERE body IS NOT NULL").fetchone() == (0,)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": ""}, "must not be empty"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "x", "scopes": []}, "must not be empty"),
        ({"name": "x", "scopes": ["root"]}, "must be"),
        ({"name": "x", "scopes": ["read"], "users": ["ada"]}, "needs the scope `listen`"),
        ({"name": "x", "scopes": ["admin", "listen"], "users": ["ada"]}, "cannot have `admin`"),
        ({"name": "x", "users": ["a/b"]}, "users"),
    ],
)
def test_an_impossible_key_is_refused(locked, key_for, body, message):
    """With the reason, and nothing is created."""
    admin = key_for("admin")
    before = locked.get("/v1/keys", headers=admin).json["keys"]
    answer = locked.post("/v1/keys", headers=admin, json=body)

    assert answer.status_code == 422
    assert message in answer.json["detail"]
    assert len(locked.get("/v1/keys", headers=admin).json["keys"]) == len(before)
