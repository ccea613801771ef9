"""Scopes, principals and API keys.

An API key reads `segue_<id>_<secret>`. The catalogue stores the SHA-256 digest of the secret. A slow, salted hash
protects passwords, which can be guessed; a secret of 256 random bits cannot, and a slow hash would let anyone keep the
service busy with invalid keys.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.errors import InvalidRequest


class Scope(StrEnum):
    """A permission of a key."""

    READ = "read"
    """The library, recommendations and audio."""
    LISTEN = "listen"
    """The data of a listener: history, likes, radio."""
    INGEST = "ingest"
    """Scans, uploads and their jobs."""
    ADMIN = "admin"
    """Everything."""


SESSION_PREFIX = "session:"


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of a request: the holder of a key, a person who signed in, or a local user without a key."""

    key_id: str | None
    """The id of the key, or `SESSION_PREFIX` and the id of a session; None is a local user."""
    scopes: frozenset[Scope]
    listeners: frozenset[str] | None = None
    """The listeners that the key is bound to; None is all listeners."""
    libraries: frozenset[str] | None = None
    """The ids of the libraries that the key is bound to; None is the whole installation."""

    @property
    def name(self) -> str:
        """The name in rate limits and logs."""
        return "local" if self.key_id is None else self.key_id

    @property
    def session_id(self) -> str | None:
        """The id of the session of a person who signed in, whose browser has a cookie instead of a key."""
        is_session = self.key_id is not None and self.key_id.startswith(SESSION_PREFIX)
        return (self.key_id or "").removeprefix(SESSION_PREFIX) if is_session else None

    @property
    def listener(self) -> str | None:
        """The listener of a key that is bound to exactly one; None otherwise."""
        return next(iter(self.listeners)) if self.listeners is not None and len(self.listeners) == 1 else None

    def has_any(self, scopes: Iterable[Scope]) -> bool:
        """Return whether it has one of these scopes, or `admin`."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_reach(self, listener: str) -> bool:
        """Return whether it may use this listener's data, given the scope for it."""
        return self.listeners is None or listener in self.listeners


LOCAL = Principal(key_id=None, scopes=frozenset({Scope.ADMIN}))
"""A local user, where no key is required."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    listeners: frozenset[str] | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    libraries: frozenset[str] | None = None

    @property
    def principal(self) -> Principal:
        """The holder of the key."""
        return Principal(self.id, self.scopes, self.listeners, self.libraries)


NAME_MAX = 100
"""Characters of a key's name."""


def check_new_key(
    name: str, scopes: Collection[Scope], listeners: Collection[str], libraries: Collection[str] = ()
) -> None:
    """Check that a key with these fields can be created; without `listeners` or `libraries` it is for all.

    Raises:
        InvalidRequest: the name is empty or too long, or the scopes do not allow a key that is bound to listeners or to
            libraries.
    """
    if not 0 < len(name) <= NAME_MAX:
        raise InvalidRequest(f"The name of a key must have 1 to {NAME_MAX} characters.")
    if listeners and (Scope.ADMIN in scopes or Scope.LISTEN not in scopes):
        raise InvalidRequest("A key that is bound to listeners needs the scope `listen` and cannot have `admin`.")
    if libraries and Scope.ADMIN in scopes:
        raise InvalidRequest("A key that is bound to libraries cannot have the scope `admin`.")


PREFIX = "segue"
"""Identifies a key for people and for scanners of leaked secrets."""

ID_BYTES = 6
SECRET_BYTES = 32

_NO_DIGEST = bytes(hashlib.sha256().digest_size)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new random secret, for the holder, and its id and digest to store."""

    id: str
    secret: str
    digest: bytes

    @property
    def text(self) -> str:
        """The text of the key."""
        return f"{PREFIX}_{self.id}_{self.secret}"


def new_secret() -> NewSecret:
    """Create a random secret of a key or a session."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return NewSecret(secrets.token_hex(ID_BYTES), secret, digest(secret))


def split(text: str) -> tuple[str, str] | None:
    """Return the id and the secret of a key; None if the text is not a key."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    looks_right = prefix == PREFIX and len(key_id) == 2 * ID_BYTES and key_id.isalnum() and key_id.isascii() and secret
    return (key_id, secret) if looks_right else None


def digest(secret: str) -> bytes:
    """Return the digest of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, kept: bytes | None) -> bool:
    """Return whether a secret has the stored digest, in constant time; None matches no secret."""
    same = hmac.compare_digest(digest(secret), _NO_DIGEST if kept is None else kept)
    return same and kept is not None
