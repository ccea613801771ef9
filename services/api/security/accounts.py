"""Sign-in with the name and the password of an account, for protocols of other systems."""

import hmac
import secrets
from collections.abc import Callable

from flask import request

from services.api.context import services
from services.api.http.rate_limits import count_failed_attempt, refuse_after_failed_attempts
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.domain.access import Principal, Scope
from services.domain.errors import WrongPassword

SCOPES = frozenset({Scope.READ, Scope.LISTEN})

PREFIX = "account:"


def account_principal(listener: str) -> Principal:
    """Return the principal of an account; the libraries of its listener, if it is a member of any, are its own."""
    libraries = services().catalogue.libraries.of_listener(listener)
    return Principal(f"{PREFIX}{listener}", SCOPES, frozenset({listener}), libraries)


def has_account(name: str) -> bool:
    """Whether a listener of this name has an account."""
    return services().catalogue.accounts.password(_as_stored(name)) is not None


def check_password(name: str, password: str) -> Principal:
    """Return the principal of the account with this name and password.

    Raises:
        WrongPassword: there is no such account, or it has another password.
        TooManyRequests: the address sent too many wrong passwords for this name.
    """
    return check_digest(name, password, lambda right: right)


def check_digest(name: str, given: str, make_digest: Callable[[str], str]) -> Principal:
    """Return the principal of the account with this name, given the digest that a client made of its password.

    Args:
        name: The name of the account.
        given: What the client sent.
        make_digest: Returns the same for a password, which need not be the right one.

    Raises:
        WrongPassword: there is no such account, or it has another password.
        TooManyRequests: the address sent too many wrong passwords for this name.
    """
    address, listener = request.remote_addr or "unix", _as_stored(name)
    refuse_after_failed_attempts(address, listener)
    stored = services().catalogue.accounts.password(listener)
    # The response for a name without an account takes as long as the one for a wrong password.
    is_right = _same(given, make_digest(secrets.token_urlsafe() if stored is None else stored))
    if stored is None or not is_right:
        count_failed_attempt(address, listener)
        raise WrongPassword
    return account_principal(listener)


def _as_stored(name: str) -> str:
    try:
        return listener_named(name)
    except InvalidListenerName:  # no account has this name
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())
