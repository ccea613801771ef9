"""Authentication of OpenSubsonic requests."""

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
    """No key is required, and none exists."""

    def are_needed(self):
        return False

    def owner(self, key):
        del key


class KnownKeys(ApiKeys):
    """Keys are required, and one exists."""

    def are_needed(self):
        return True

    def owner(self, key):
        return "player" if key == "good" else None


@pytest.mark.parametrize("given", [{}, {"u": "x", "p": "y"}, {"u": "x", "t": "0", "s": "0"}])
def test_any_credentials_are_accepted_if_none_are_configured(given):
    """Requests without credentials are accepted too."""
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
def test_a_password_is_accepted_in_each_form(given):
    """The forms are plain text, hexadecimal digits, and a token with a salt."""
    assert authenticated_user(given, CLOSED, NoKeys()) == "ada"


def test_the_documented_token_is_accepted():
    """The example of the protocol's documentation is valid."""
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
def test_invalid_credentials_are_refused(given, error):
    """Each kind has its own error, and thus its own code."""
    with pytest.raises(error):
        authenticated_user(given, CLOSED, NoKeys())


def test_conflicting_mechanisms_are_always_refused():
    """Two mechanisms in one request are an error even if no credentials are required."""
    with pytest.raises(ConflictingMechanisms):
        authenticated_user({"apiKey": "z", "u": "ada"}, OPEN, NoKeys())


def test_an_api_key_signs_in_as_its_owner():
    """A key is valid also if a user with a password is configured."""
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
def test_without_a_configured_password_only_keys_are_accepted(given, error):
    """Passwords and tokens get their own errors."""
    with pytest.raises(error):
        authenticated_user(given, OPEN, KnownKeys())


@pytest.mark.parametrize("half", [{"subsonic_user": "ada"}, {"subsonic_password": "x"}])
def test_user_and_password_are_set_together(half):
    """One without the other is an invalid setting."""
    with pytest.raises(ValidationError, match="together"):
        Settings(**half)
