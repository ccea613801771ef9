"""Who asks, and what they may do."""

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
    users: frozenset[str] | None = None
    """The listeners that the key is bound to; None is every listener."""

    @property
    def name(self) -> str:
        """What tells principals apart, in limits and logs."""
        return "local" if self.key_id is None else self.key_id

    @property
    def user(self) -> str | None:
        """The one listener that the key speaks for; None unless it is bound to exactly one."""
        return next(iter(self.users)) if self.users is not None and len(self.users) == 1 else None

    def has_any(self, scopes: Iterable[Scope]) -> bool:
        """Whether one of these scopes, or `admin`, is among its own."""
        return Scope.ADMIN in self.scopes or not self.scopes.isdisjoint(scopes)

    def may_reach(self, user: str) -> bool:
        """Whether a listener's data is open to it; whether it has the scope is another question."""
        return self.users is None or user in self.users


LOCAL = Principal(key_id=None, scopes=frozenset({Scope.ADMIN}))
"""Someone on the machine itself, while no key is needed there."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as the catalogue knows it: everything but its secret."""

    id: str
    name: str
    scopes: frozenset[Scope]
    users: frozenset[str] | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def principal(self) -> Principal:
        """Who holds it."""
        return Principal(self.id, self.scopes, self.users)
