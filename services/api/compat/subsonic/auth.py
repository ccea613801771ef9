"""Who asks, as Subsonic's clients say it: user with token or password, or an API key."""

import binascii
import hmac
from collections.abc import Mapping
from hashlib import md5
from http import HTTPStatus
from typing import Protocol

from services.api.http.errors import ApiError
from services.domain.errors import InvalidRequest
from services.settings import Settings

HEX_PREFIX = "enc:"


class MissingParameter(InvalidRequest):
    """A parameter that must be given is not."""


class WrongCredentials(ApiError):  # noqa: N818
    """No such user, or not that password."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Wrong username or password.")


class TokensNotSupported(InvalidRequest):
    """A token can be checked only where a password is set."""

    def __init__(self) -> None:
        super().__init__("Token authentication needs SEGUE_SUBSONIC_USER and SEGUE_SUBSONIC_PASSWORD: use an API key.")


class PasswordsNotSupported(InvalidRequest):
    """A password can be checked only where one is set."""

    def __init__(self) -> None:
        super().__init__("Passwords need SEGUE_SUBSONIC_USER and SEGUE_SUBSONIC_PASSWORD to be set: use an API key.")


class ConflictingMechanisms(InvalidRequest):
    """More than one way to say who asks."""

    def __init__(self) -> None:
        super().__init__(
            "Multiple conflicting authentication mechanisms provided: use apiKey alone, or u with p or t/s."
        )


class InvalidApiKey(ApiError):  # noqa: N818
    """No such API key."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Invalid API key.")


class ApiKeys(Protocol):
    """What authentication must know of API keys."""

    def are_needed(self) -> bool:
        """Whether nobody gets in without one."""

    def owner(self, key: str) -> str | None:
        """Who holds a key that may read; None if it may not, or is none."""


def authenticate(given: Mapping[str, str], settings: Settings, keys: ApiKeys) -> str:
    """The name of who asks; any name is taken where neither a user nor an API key is configured.

    Raises:
        ConflictingMechanisms: more than one mechanism is used at once.
        MissingParameter: none is used.
        WrongCredentials, InvalidApiKey: it does not prove what it should.
        TokensNotSupported, PasswordsNotSupported: only API keys are configured.
    """
    key = given.get("apiKey")
    by_token = "t" in given or "s" in given
    if (key is not None and (by_token or "p" in given or "u" in given)) or (by_token and "p" in given):
        raise ConflictingMechanisms
    if settings.subsonic_user is None and not keys.are_needed() and key is None:
        return given.get("u", "")
    if key is not None:
        owner = keys.owner(key)
        if owner is None:
            raise InvalidApiKey
        return owner
    return _by_password(given, settings, by_token=by_token)


def _by_password(given: Mapping[str, str], settings: Settings, *, by_token: bool) -> str:
    absent = [name for name in ("u", *(("t", "s") if by_token else ("p",))) if name not in given]
    if absent:
        raise MissingParameter(f"Required parameter is missing: {', '.join(absent)} (or apiKey alone).")
    if settings.subsonic_user is None or settings.subsonic_password is None:
        raise TokensNotSupported if by_token else PasswordsNotSupported
    password = settings.subsonic_password.get_secret_value()
    if by_token:
        # Subsonic's protocol, not a choice: the token is the MD5 of password and salt.
        expected = md5((password + given["s"]).encode(), usedforsecurity=False).hexdigest()
        proven = _same(given["t"].lower(), expected)
    else:
        proven = _same(_plain(given["p"]), password)
    if not (_same(given["u"], settings.subsonic_user) & proven):  # both are compared, whatever the first gives
        raise WrongCredentials
    return given["u"]


def _plain(password: str) -> str:
    if not password.startswith(HEX_PREFIX):
        return password
    try:
        return binascii.unhexlify(password.removeprefix(HEX_PREFIX)).decode()
    except ValueError as error:  # no hexadecimal, or no UTF-8
        raise WrongCredentials from error


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
