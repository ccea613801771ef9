"""Who asks, and what they may do."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    """The library and everything that is recommended from it, audio included."""
    LISTEN = "listen"
    """A listener's own data: history, likes, radio."""
    INGEST = "ingest"
    """Scans, uploads and their jobs."""
    ADMIN = "admin"
    """Everything."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: the holder of a key, or, without one, whoever sits at the machine itself."""

    key_id: str | None
    scopes: frozenset[Scope]
    listeners: frozenset[str] | None = None
    """The listeners that the key is bound to; None is every listener."""

    @property
    def name(self) -> str:
        """What tells principals apart, in limits and logs."""
        return "local" if self.key_id is None else self.key_id

    @property
    def listener(self) -> str | None:
        """The one listener that the key speaks for; None unless it is bound to exactly one."""
        return next(iter(self.listeners)) if self.listeners is not None and len(self.listeners) == 1 else None

    def has_any(self, scopes: Iterable[Scope]) -> bool:
        """Whether one of these scopes, or `admin`, is among its own."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_reach(self, listener: str) -> bool:
        """Whether a listener's data is open to it; whether it has the scope is another question."""
        return self.listeners is None or listener in self.listeners


LOCAL = Principal(key_id=None, scopes=frozenset({Scope.ADMIN}))
"""Someone on the machine itself, while no key is needed there."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the catalogue knows it: everything but its secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    listeners: frozenset[str] | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def principal(self) -> Principal:
        """Who holds it."""
        return Principal(self.id, self.scopes, self.listeners)


PREFIX = "segue"
"""So that scanners of leaked secrets, and people, see what it is."""

ID_BYTES = 6
SECRET_BYTES = 32

_NOBODY = bytes(hashlib.sha256().digest_size)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What only its holder will ever have, and what is kept of it."""

    id: str
    text: str
    digest: bytes


def new_secret() -> NewSecret:
    """A key that nobody had before."""
    key_id = secrets.token_hex(ID_BYTES)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return NewSecret(key_id, f"{PREFIX}_{key_id}_{secret}", digest(secret))


def split(text: str) -> tuple[str, str] | None:
    """The id and the secret of a key; None if this is none."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    looks_right = prefix == PREFIX and len(key_id) == 2 * ID_BYTES and key_id.isalnum() and key_id.isascii() and secret
    return (key_id, secret) if looks_right else None


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, kept: bytes | None) -> bool:
    """Whether a secret is the one that was kept, in the same time wherever they differ; None matches nothing."""
    same = hmac.compare_digest(digest(secret), _NOBODY if kept is None else kept)
    return same and kept is not None
