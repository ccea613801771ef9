"""Who sends a request: sign-in with a password or its digest, and the session keys that follow it.

A session key names an account, an API key or, where no key is needed, a listener, and Segue signs it. It does not
expire, as in Audioscrobbler, but stops working when the password changes or the API key is revoked.

Segue cannot check the signatures of requests (`api_sig`), because only the application and Last.fm know their secret.
The session key alone authenticates.
"""

import hashlib
from dataclasses import replace
from http import HTTPStatus

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from services.api.compat.texts import md5
from services.api.context import services
from services.api.http.errors import ApiError
from services.api.schemas.listens import InvalidListenerName, listener_named
from services.api.security.accounts import PREFIX, account_principal, check_digest, check_password, has_account
from services.api.security.authentication import authenticate, holder_of, is_key_needed, principal
from services.catalog.tenancy import limited_to
from services.domain.access import LOCAL, Principal, split
from services.domain.errors import WrongPassword

SEPARATOR = "\n"


class InvalidSession(ApiError):  # noqa: N818
    """The request has no session key, or one that does not work."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("Invalid session key. Sign in again.")


def with_password(name: str, password: str) -> Principal:
    """Return the principal of an account, or of a listener's API key that is sent as the password.

    Raises:
        WrongPassword, KeyRequired: the credentials are wrong.
        TooManyRequests: the address sent too many wrong ones.
    """
    if split(password) is not None:
        holder = authenticate(password)
        if holder.listener != _listener(name):
            raise WrongPassword
        return holder
    return _local(name) or check_password(name, password)


def with_token(name: str, token: str) -> Principal:
    """Return the principal of an account, given `md5(name + md5(password))`; see `with_password`."""
    return _local(name) or check_digest(name, token.lower(), lambda password: md5(name + md5(password)))


def with_handshake(name: str, token: str, timestamp: str) -> Principal:
    """Return the principal of an account, given `md5(md5(password) + timestamp)`; see `with_password`."""
    return _local(name) or check_digest(name, token.lower(), lambda password: md5(md5(password) + timestamp))


def new_session() -> str:
    """Return a session key for the sender of this request.

    Raises:
        InvalidSession: the sender is not one listener, or has gone meanwhile.
    """
    holder, identity = principal(), principal().key_id or ""
    proof = _proof(identity)
    if proof is None or holder.listener is None:
        raise InvalidSession
    payload = base64_encode(f"{identity}{SEPARATOR}{holder.listener}")
    return _signer(proof).sign(payload).decode()


def holder_of_session(session: str) -> Principal:
    """Return the principal of a session key.

    Raises:
        InvalidSession: it is not one, or works no longer.
    """
    try:
        identity, _, listener = base64_decode(session.rpartition(".")[0]).decode().partition(SEPARATOR)
        proof = _proof(identity)
        if proof is None:
            raise InvalidSession
        _signer(proof).unsign(session)
    except (BadData, ValueError) as error:
        raise InvalidSession from error
    if not identity:
        return replace(LOCAL, listeners=frozenset({listener}))
    return (
        account_principal(listener)
        if identity.startswith(PREFIX)
        else holder_of(services().catalogue.keys.find(identity))
    )


def listener_of_request() -> str:
    """Return the listener of this request.

    Raises:
        InvalidSession: the sender is not one listener.
    """
    listener = principal().listener
    if listener is None:
        raise InvalidSession
    return listener


def _proof(identity: str) -> bytes | None:
    """Return what a session key of this identity depends on; None if the identity does not exist."""
    if not identity:
        return None if is_key_needed() else b""
    if identity.startswith(PREFIX):
        with limited_to(None):  # a listener who was removed from all libraries sees no account, not even the own one
            password = services().catalogue.accounts.password(identity.removeprefix(PREFIX))
        return None if password is None else hashlib.sha256(password.encode()).digest()
    active = services().catalogue.keys.find(identity) if identity.isascii() and identity.isalnum() else None
    return None if active is None else active.digest


def _signer(proof: bytes) -> Signer:
    secret = services().catalogue.installation.signing_secret()
    return Signer(secret + proof, salt=b"segue.audioscrobbler", digest_method=hashlib.sha256)


def _local(name: str) -> Principal | None:
    """Return a listener without an account, where no key is needed."""
    listener = _listener(name)
    if listener is None or is_key_needed() or has_account(name):
        return None
    return replace(LOCAL, listeners=frozenset({listener}))


def _listener(name: str) -> str | None:
    try:
        return listener_named(name)
    except InvalidListenerName:
        return None
