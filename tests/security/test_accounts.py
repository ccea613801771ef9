"""Sign-in of Subsonic clients: passwords and tokens of accounts, API keys, and limits of wrong attempts."""

import os
import stat
from hashlib import md5

import pytest

from services.catalog import Catalogue
from services.domain.access import Scope
from services.settings import Settings

PASSWORD = "p\u00e4ssword"  # noqa: S105  the test's own
SALT = "c19b2d"
TOKEN = md5((PASSWORD + SALT).encode(), usedforsecurity=False).hexdigest()

MISSING_PARAMETER, WRONG_PASSWORD, CONFLICTING, WRONG_KEY = 10, 40, 43, 44


@pytest.fixture(autouse=True)
def accounts(services):
    """Accounts of ada and joe."""
    store = services.catalogue.accounts
    store.add("ada", PASSWORD)
    store.add("joe", "sesame")
    yield
    store.remove("ada")
    store.remove("joe")


@pytest.fixture
def not_local(client_with):
    """A client of an application that needs no key."""
    return client_with(require_keys=None)


def envelope(client, method="ping", **given):
    """Call a method and return its response."""
    return client.get(f"/rest/{method}", query_string={**given, "f": "json"}).json["subsonic-response"]


def code(client, **given):
    """Return the code of the error; None if the client signed in."""
    return envelope(client, **given).get("error", {}).get("code")


@pytest.mark.parametrize(
    "given",
    [
        {"u": "ada", "p": PASSWORD},
        {"u": "ada", "p": "enc:" + PASSWORD.encode().hex()},
        {"u": "ada", "t": TOKEN, "s": SALT},
        {"u": "ada", "t": TOKEN.upper(), "s": SALT},
        # the example of the protocol's documentation
        {"u": "joe", "t": "26719a1196d2a940705a59634eb18eab", "s": "c19b2d"},
    ],
)
def test_a_password_is_accepted_in_each_form(locked, given):
    """The forms are plain text, hexadecimal digits, and a token with a salt."""
    assert envelope(locked, "getUser", username=given["u"], **given)["user"]["username"] == given["u"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, MISSING_PARAMETER),
        ({"u": "ada"}, MISSING_PARAMETER),
        ({"p": PASSWORD}, MISSING_PARAMETER),
        ({"u": "ada", "t": TOKEN}, MISSING_PARAMETER),
        ({"u": "ada", "s": SALT}, MISSING_PARAMETER),
        ({"u": "ada", "p": "wrong"}, WRONG_PASSWORD),
        ({"u": "ada", "p": ""}, WRONG_PASSWORD),
        ({"u": "ada", "p": "sesame"}, WRONG_PASSWORD),
        ({"u": "Ada", "p": PASSWORD}, WRONG_PASSWORD),
        ({"u": "bob", "p": PASSWORD}, WRONG_PASSWORD),
        ({"u": "a/b", "p": PASSWORD}, WRONG_PASSWORD),
        ({"u": "ada", "p": "enc:xyz"}, WRONG_PASSWORD),
        ({"u": "ada", "p": "enc:ff"}, WRONG_PASSWORD),
        ({"u": "ada", "t": TOKEN, "s": "other"}, WRONG_PASSWORD),
        ({"u": "ada", "t": "", "s": SALT}, WRONG_PASSWORD),
        ({"apiKey": "z"}, WRONG_KEY),
        ({"apiKey": ""}, WRONG_KEY),
        ({"apiKey": "z", "u": "ada"}, CONFLICTING),
        ({"apiKey": "z", "t": TOKEN, "s": SALT}, CONFLICTING),
        ({"u": "ada", "p": PASSWORD, "t": TOKEN, "s": SALT}, CONFLICTING),
    ],
)
def test_invalid_credentials_are_refused(locked, given, error):
    """Each kind has its own code."""
    assert code(locked, **given) == error


def test_where_no_key_is_needed_only_accounts_need_a_password(not_local):
    """A name without an account is accepted with anything, and two mechanisms are an error as elsewhere."""
    assert code(not_local) is None
    assert code(not_local, u="bob", p="anything") is None
    assert code(not_local, u="bob", t="0", s="0") is None
    assert code(not_local, u="ada", p=PASSWORD) is None
    assert code(not_local, u="ada", p="wrong") == WRONG_PASSWORD
    assert code(not_local, u="ada") == MISSING_PARAMETER
    assert code(not_local, apiKey="z", u="bob") == CONFLICTING


def test_a_key_of_a_listener_signs_in_as_the_listener(locked, key_for):
    """Also if the listener has an account."""
    key = key_for(Scope.READ, Scope.LISTEN, listeners=("ada",))["Authorization"].split()[1]

    assert envelope(locked, "tokenInfo", apiKey=key)["tokenInfo"]["username"] == "ada"


def test_credentials_may_be_in_the_form(locked):
    """Where access logs do not record them."""
    form = {"u": "ada", "p": PASSWORD, "username": "ada", "f": "json"}

    assert locked.post("/rest/getUser.view", data=form).json["subsonic-response"]["user"]["username"] == "ada"
    refused = locked.post("/rest/getUser.view", data={**form, "username": "joe"}).json["subsonic-response"]
    assert refused["error"]["code"] == 50


def test_wrong_passwords_of_one_user_do_not_block_another(client_with):
    """After too many wrong passwords the user's right one is refused as well; others can still sign in."""
    client = client_with(refusal_rate_limit=5)
    assert {code(client, u="ada", p=f"guess {number}") for number in range(5)} == {WRONG_PASSWORD}

    refused = envelope(client, u="ada", p=PASSWORD)
    assert refused["error"]["message"].startswith("Too many requests")
    assert code(client, u="joe", p="sesame") is None


def test_a_password_opens_no_other_api(locked):
    """Neither as a token nor for Segue's own API."""
    assert locked.get("/v1/tracks", headers={"Authorization": f"Bearer {PASSWORD}"}).status_code == 401
    assert locked.get("/v1/tracks", auth=("ada", PASSWORD)).status_code == 401


def test_the_account_of_a_listener_with_a_library_is_bound_to_it(locked, services):
    """Songs outside the library are as unknown as those that do not exist."""
    services.catalogue.libraries.put("Kids", ["/nowhere"], ["ada"])
    try:
        refused = envelope(locked, "getSong", u="ada", p=PASSWORD, id="test:3")
    finally:
        services.catalogue.libraries.remove("Kids")
        services.catalogue.libraries.allow_all("ada")

    assert refused["error"]["code"] == 70
    assert envelope(locked, "getSong", u="ada", p=PASSWORD, id="test:3")["song"]["title"]


@pytest.mark.parametrize("method", ["star", "setRating", "scrobble", "savePlayQueue", "getStarred2", "getPlayQueue"])
def test_only_a_key_of_one_listener_tells_what_the_listener_does(locked, key_for, method):
    """Other keys are refused: they may not read or change a listener's data, or do not say whose it is."""
    keys = [
        key_for(Scope.READ, listeners=None),
        key_for(Scope.READ, Scope.LISTEN),
        key_for(Scope.READ, Scope.LISTEN, listeners=("ada", "joe")),
        key_for(Scope.READ, Scope.LISTEN, listeners=("ada",)),
    ]
    given = {"id": "test:3", "rating": 3}
    answers = [envelope(locked, method, apiKey=key["Authorization"].split()[1], **given) for key in keys]

    assert [answer.get("error", {}).get("code") for answer in answers] == [50, 50, 50, None]


def test_what_a_listener_told_keeps_to_the_library(locked, services):
    """Stars, playlists and the queue hide songs of other libraries, and keep them."""
    ada = {"u": "ada", "p": PASSWORD}
    envelope(locked, "star", id="test:3", **ada)
    envelope(locked, "savePlayQueue", id="test:3", **ada)
    made = envelope(locked, "createPlaylist", name="Mixed", songId="test:3", **ada)["playlist"]
    services.catalogue.libraries.put("Kids", ["/nowhere"], ["ada"])
    try:
        assert envelope(locked, "star", id="test:4", **ada)["error"]["code"] == 70
        assert envelope(locked, "getStarred2", **ada)["starred2"]["song"] == []
        assert envelope(locked, "getPlaylist", id=made["id"], **ada)["playlist"]["entry"] == []
        assert envelope(locked, "getPlayQueue", **ada)["playQueue"]["entry"] == []
        assert envelope(locked, "createPlaylist", playlistId=made["id"], **ada)["status"] == "ok"
    finally:
        services.catalogue.libraries.remove("Kids")
        services.catalogue.libraries.allow_all("ada")

    assert len(envelope(locked, "getPlaylist", id=made["id"], **ada)["playlist"]["entry"]) == 1
    services.catalogue.listeners.forget_history("ada")


def test_files_with_passwords_are_for_their_owner(tmp_path):
    """Also in a folder that others may read, and where the files were there before."""

    def modes():
        return {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("catalogue.db*")}

    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        catalogue = Catalogue.open(Settings(data_dir=tmp_path).catalogue_url)
        catalogue.migrate()
        catalogue.accounts.add("ada", "secret")
        made = modes()
        for file in tmp_path.glob("catalogue.db*"):
            file.chmod(0o644)
        catalogue.migrate()
        catalogue.accounts.remove("ada")
        tightened = modes()
    finally:
        os.umask(before)
        catalogue.close()

    assert made["catalogue.db"] == tightened["catalogue.db"] == 0o600
    assert {*made.values(), *tightened.values()} == {0o600}
