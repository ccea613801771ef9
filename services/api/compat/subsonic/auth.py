"""Subsonic authentication: a user with a password or token, or an API key."""

import binascii
import hmac
from collections.abc import Mapping
from hashlib import md5
from http import HTTPStatus
from typing import Protocol

from flask import Request, g

from services.api.compat.subsonic.responses import parameters
from services.api.context import services
from services.api.http.errors import ApiError
from services.api.http.rate_limits import count_failed_attempt, refuse_after_failed_attempts
from services.api.security.authentication import authenticate, is_key_needed
from services.domain.access import LOCAL, Principal, Scope
from services.domain.errors import InvalidRequest, KeyRequired
from services.settings import Settings

HEX_PREFIX = "enc:"

PASSWORD_USER = Principal(key_id="subsonic", scopes=frozenset({Scope.READ}))
"""The principal of requests with SEGUE_SUBSONIC_USER and its password."""


class MissingParameter(InvalidRequest):
    """A required parameter is missing."""


class WrongCredentials(ApiError):  # noqa: N818
    """The user or the password is wrong."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Wrong username or password.")


class TokensNotSupported(InvalidRequest):
    """The request has a token, but no password is configured."""

    def __init__(self) -> None:
        super().__init__(
            "Tokens are not enabled. Use an API key, or set SEGUE_SUBSONIC_USER and SEGUE_SUBSONIC_PASSWORD."
        )


class PasswordsNotSupported(InvalidRequest):
    """The request has a password, but no password is configured."""

    def __init__(self) -> None:
        super().__init__(
            "Passwords are not enabled. Use an API key, or set SEGUE_SUBSONIC_USER and SEGUE_SUBSONIC_PASSWORD."
        )


class ConflictingMechanisms(InvalidRequest):
    """The request has more than one kind of credentials."""

    def __init__(self) -> None:
        super().__init__("Conflicting authentication mechanisms: use apiKey alone, or u with either p or t and s.")


class InvalidApiKey(ApiError):  # noqa: N818
    """The API key is wrong, revoked, or lacks the scope `read`."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Invalid API key.")


class ApiKeys(Protocol):
    """The API keys that `authenticated_user` checks."""

    def are_needed(self) -> bool:
        """Whether requests must be authenticated."""

    def owner(self, key: str) -> str | None:
        """Return the user name of a key with the scope `read`; None for any other key."""


class CatalogueKeys:
    """The API keys of the catalogue. `principal` is that of the last valid key."""

    def __init__(self) -> None:
        self.principal: Principal | None = None

    def are_needed(self) -> bool:
        """Whether this request must be authenticated."""
        return is_key_needed()

    def owner(self, key: str) -> str | None:
        """Return the listener that a key with the scope `read` is bound to, or else the key's id."""
        try:
            self.principal = authenticate(key)
        except KeyRequired:
            return None
        return (self.principal.listener or self.principal.name) if self.principal.has_any((Scope.READ,)) else None


def sign_in(request: Request) -> Principal:
    """Return the principal of a Subsonic request, and set `g.subsonic_user` to its user name.

    Raises:
        SegueError: the credentials are missing or wrong, see `authenticated_user`.
        TooManyRequests: the address sent too many wrong passwords or keys.
    """
    keys, settings = CatalogueKeys(), services().settings
    address = request.remote_addr or "unix"
    if settings.subsonic_user is not None:
        refuse_after_failed_attempts(address)
    try:
        g.subsonic_user = authenticated_user(parameters(), settings, keys)
    except WrongCredentials:
        count_failed_attempt(address)
        raise
    if keys.principal is not None:
        return keys.principal
    return LOCAL if settings.subsonic_user is None else PASSWORD_USER


def authenticated_user(given: Mapping[str, str], settings: Settings, keys: ApiKeys) -> str:
    """Return the user name of a request. If neither a user nor API keys are required, any name is accepted.

    Raises:
        ConflictingMechanisms: the request has more than one kind of credentials.
        MissingParameter: the request has no complete credentials.
        WrongCredentials, InvalidApiKey: the credentials are wrong.
        TokensNotSupported, PasswordsNotSupported: no password is configured, so only API keys are accepted.
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
    return _user_with_password(given, settings, by_token=by_token)


def _user_with_password(given: Mapping[str, str], settings: Settings, *, by_token: bool) -> str:
    absent = [name for name in ("u", *(("t", "s") if by_token else ("p",))) if name not in given]
    if absent:
        raise MissingParameter(f"Required parameter is missing: {', '.join(absent)} (or apiKey alone).")
    if settings.subsonic_user is None or settings.subsonic_password is None:
        raise TokensNotSupported if by_token else PasswordsNotSupported
    password = settings.subsonic_password.get_secret_value()
    if by_token:
        # Subsonic's protocol requires MD5 of the password and the salt.
        expected = md5((password + given["s"]).encode(), usedforsecurity=False).hexdigest()
        is_right = _same(given["t"].lower(), expected)
    else:
        is_right = _same(_decoded(given["p"]), password)
    if not (_same(given["u"], settings.subsonic_user) & is_right):  # `&` always compares both
        raise WrongCredentials
    return given["u"]


def _decoded(password: str) -> str:
    if not password.startswith(HEX_PREFIX):
        return password
    try:
        return binascii.unhexlify(password.removeprefix(HEX_PREFIX)).decode()
    except ValueError as error:  # not hexadecimal, or not UTF-8
        raise WrongCredentials from error


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
