"""Subsonic authentication: the name of an account with its password or a token, or an API key."""

import binascii
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from flask import Request, g

from services.api.compat.subsonic.responses import parameters
from services.api.compat.texts import md5
from services.api.http.errors import ApiError
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.api.security.accounts import check_digest, check_password, has_account
from services.api.security.authentication import authenticate, is_key_needed
from services.domain.access import LOCAL, Principal, Scope
from services.domain.errors import InsufficientScope, InvalidRequest, KeyRequired

HEX_PREFIX = "enc:"


class MissingParameter(InvalidRequest):
    """A required parameter is missing."""


class ConflictingMechanisms(InvalidRequest):
    """The request has more than one kind of credentials."""

    def __init__(self) -> None:
        super().__init__("Conflicting authentication mechanisms: use apiKey alone, or u with either p or t and s.")


class InvalidApiKey(ApiError):  # noqa: N818
    """The API key is wrong or revoked."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Invalid API key.")


def sign_in(request: Request) -> Principal:
    """Return the principal of a Subsonic request, and set `g.subsonic_user` to its user name.

    Where no key is required, a name without an account needs no password.

    Raises:
        ConflictingMechanisms: the request has more than one kind of credentials.
        MissingParameter: the request has no complete credentials.
        InvalidApiKey: the API key is wrong.
        InsufficientScope: the API key lacks the scope `read`.
        WrongPassword: the name or the password is wrong.
        TooManyRequests: the address sent too many wrong passwords or keys.
    """
    del request
    given = parameters()
    key, name = given.get("apiKey"), given.get("u", "")
    by_token = "t" in given or "s" in given
    if (key is not None and (by_token or "p" in given or "u" in given)) or (by_token and "p" in given):
        raise ConflictingMechanisms
    if key is not None:
        found = _holder_of(key)
        g.subsonic_user = found.listener or found.name
    elif is_key_needed() or has_account(name):
        found = _owner_of_account(given, by_token=by_token)
        g.subsonic_user = found.listener
    else:
        found = _local_user(name)
        g.subsonic_user = name
    return found


def _holder_of(key: str) -> Principal:
    try:
        holder = authenticate(key)
    except KeyRequired as error:
        raise InvalidApiKey from error
    if not holder.has_any((Scope.READ,)):
        raise InsufficientScope((Scope.READ,))
    return holder


def _local_user(name: str) -> Principal:
    try:
        return replace(LOCAL, listeners=frozenset({listener_named(name)}))
    except InvalidListenerName:
        return LOCAL


def _owner_of_account(given: Mapping[str, str], *, by_token: bool) -> Principal:
    absent = [name for name in ("u", *(("t", "s") if by_token else ("p",))) if name not in given]
    if absent:
        raise MissingParameter(f"Required parameter is missing: {', '.join(absent)} (or apiKey alone).")
    if not by_token:
        return check_password(given["u"], _decoded(given["p"]))
    return check_digest(given["u"], given["t"].lower(), lambda password: md5(password + given["s"]))


def _decoded(password: str) -> str:
    """Return a password in plain text; one that cannot be decoded is wrong as it is."""
    if not password.startswith(HEX_PREFIX):
        return password
    try:
        return binascii.unhexlify(password.removeprefix(HEX_PREFIX)).decode()
    except ValueError:  # not hexadecimal, or not UTF-8
        return password
