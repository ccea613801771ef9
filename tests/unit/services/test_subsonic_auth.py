"""Who asks, as OpenSubsonic's clients say it."""

from hashlib import md5

import pytest
from pydantic import ValidationError

from services.api.compat.subsonic.auth import (
    ApiKeys,
    ConflictingMechanisms,
    InvalidApiKey,
    MissingParameter,
    PasswordsNotSupported,
    TokensNotSupported,
    WrongCredentials,
    authenticated_user,
)
from services.settings import Settings

OPEN = Settings()
PASSWORD = "p\u00e4ssword"  # noqa: S105  the test's own
CLOSED = Settings(subsonic_user="ada", subsonic_password=PASSWORD)
SALT = "c19b2d"
TOKEN = md5((PASSWORD + SALT).encode(), usedforsecurity=False).hexdigest()


class NoKeys(ApiKeys):
    """Nobody needs a key, and there is none."""

    def are_needed(self):
        return False

    def owner(self, key):
        del key


class KnownKeys(ApiKeys):
    """One key, of one owner."""

    def are_needed(self):
        return True

    def owner(self, key):
        return "player" if key == "good" else None


@pytest.mark.parametrize("given", [{}, {"u": "x", "p": "y"}, {"u": "x", "t": "0", "s": "0"}])
def test_anyone_may_ask_where_nothing_is_configured(given):
    """Without a user and without API keys any credentials are taken, and none as well."""
    assert authenticated_user(given, OPEN, NoKeys()) == given.get("u", "")


@pytest.mark.parametrize(
    "given",
    [
        {"u": "ada", "p": PASSWORD},
        {"u": "ada", "p": "enc:" + PASSWORD.encode().hex()},
        {"u": "ada", "t": TOKEN, "s": SALT},
        {"u": "ada", "t": TOKEN.upper(), "s": SALT},
    ],
)
def test_a_password_may_be_given_in_each_way(given):
    """Plain, in hexadecimal digits, or as a token made with a salt."""
    assert authenticated_user(given, CLOSED, NoKeys()) == "ada"


def test_the_documented_token_is_accepted():
    """The example of the protocol's own documentation signs in."""
    documented = {"u": "joe", "t": "26719a1196d2a940705a59634eb18eab", "s": "c19b2d"}
    settings = Settings.model_validate({"subsonic_user": "joe", "subsonic_password": "sesame"})

    assert authenticated_user(documented, settings, NoKeys()) == "joe"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, MissingParameter),
        ({"u": "ada"}, MissingParameter),
        ({"p": PASSWORD}, MissingParameter),
        ({"u": "ada", "t": TOKEN}, MissingParameter),
        ({"u": "ada", "s": SALT}, MissingParameter),
        ({"u": "ada", "p": "wrong"}, WrongCredentials),
        ({"u": "ada", "p": ""}, WrongCredentials),
        ({"u": "Ada", "p": PASSWORD}, WrongCredentials),
        ({"u": "ada", "p": "enc:xyz"}, WrongCredentials),
        ({"u": "ada", "p": "enc:ff"}, WrongCredentials),
        ({"u": "ada", "t": TOKEN, "s": "other"}, WrongCredentials),
        ({"u": "ada", "t": "", "s": SALT}, WrongCredentials),
        ({"apiKey": "z"}, InvalidApiKey),
        ({"apiKey": ""}, InvalidApiKey),
        ({"apiKey": "z", "u": "ada"}, ConflictingMechanisms),
        ({"apiKey": "z", "t": TOKEN, "s": SALT}, ConflictingMechanisms),
        ({"u": "ada", "p": PASSWORD, "t": TOKEN, "s": SALT}, ConflictingMechanisms),
    ],
)
def test_what_proves_nothing_is_refused(given, error):
    """Each way to fail has an error of its own, which becomes a code of its own."""
    with pytest.raises(error):
        authenticated_user(given, CLOSED, NoKeys())


def test_conflicts_are_refused_even_where_anyone_may_ask():
    """Two mechanisms at once are an error of the client whatever is configured."""
    with pytest.raises(ConflictingMechanisms):
        authenticated_user({"apiKey": "z", "u": "ada"}, OPEN, NoKeys())


def test_api_keys_name_their_owner():
    """A key that may read signs in as whom it was given to, beside a user with a password."""
    assert authenticated_user({"apiKey": "good"}, OPEN, KnownKeys()) == "player"
    assert authenticated_user({"apiKey": "good"}, CLOSED, KnownKeys()) == "player"
    assert authenticated_user({"u": "ada", "p": PASSWORD}, CLOSED, KnownKeys()) == "ada"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"apiKey": "bad"}, InvalidApiKey),
        ({"u": "x", "t": "0", "s": "0"}, TokensNotSupported),
        ({"u": "x", "p": "y"}, PasswordsNotSupported),
        ({}, MissingParameter),
    ],
)
def test_where_only_api_keys_exist_passwords_are_not_supported(given, error):
    """Nobody gets in with a password that nobody has set."""
    with pytest.raises(error):
        authenticated_user(given, OPEN, KnownKeys())


@pytest.mark.parametrize("half", [{"subsonic_user": "ada"}, {"subsonic_password": "x"}])
def test_user_and_password_are_set_together(half):
    """Half of the pair is no setting."""
    with pytest.raises(ValidationError, match="together"):
        Settings(**half)
