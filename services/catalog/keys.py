"""API keys, without their secrets, and the signing secret of the installation."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from services.catalog.database import Database, is_storable, now
from services.catalog.tables import ApiKeyRow, MetaRow
from services.domain.access import ApiKey, NewSecret, Scope, new_secret
from services.domain.errors import KeyNotFound
from services.domain.libraries import NOWHERE
from services.domain.names import text_key

# The precision of a key's last use, because every update is a write.
LAST_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """A key that is not revoked, and the digest of its secret."""

    key: ApiKey
    digest: bytes


class KeyStore:
    """Creates, finds and revokes keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        scopes: Collection[Scope],
        listeners: Collection[str] | None = None,
        *,
        libraries: Collection[str] | None = None,
        internal: bool = False,
    ) -> NewSecret:
        """Create a key, for the libraries with these ids or for all, and return it with its secret.

        The secret is not stored.
        """
        made, bound = new_secret(), None if libraries is None else sorted(libraries)
        with self._database.write() as session:
            session.add(
                ApiKeyRow(
                    id=made.id,
                    name=name,
                    digest=made.digest,
                    scopes=sorted(scopes),
                    listeners=None if listeners is None else sorted(listeners),
                    library=None if bound is None else next(iter(bound), NOWHERE),
                    libraries=bound,
                    internal=internal,
                    created_at=now(),
                )
            )
        return made

    def find(self, key_id: str) -> ActiveKey | None:
        """Return the key with this id, unless it is revoked."""
        with self._database.read() as session:
            row = session.scalars(
                select(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
            ).first()
            return None if row is None else ActiveKey(_key(row), row.digest)

    def all(self) -> list[ApiKey]:
        """Return all keys except internal ones, including revoked keys, oldest first."""
        with self._database.read() as session:
            rows = session.scalars(
                select(ApiKeyRow).where(ApiKeyRow.internal.is_(False)).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
            )
            return [_key(row) for row in rows]

    def get(self, key_id: str) -> ApiKey:
        """Return the key with this id, which may be revoked.

        Raises:
            KeyNotFound: no key has this id.
        """
        with self._database.read() as session:
            row = session.get(ApiKeyRow, key_id) if is_storable(key_id) else None
        if row is None:
            raise KeyNotFound(key_id)
        return _key(row)

    def any_active(self) -> bool:
        """Return whether there is a key that is neither revoked nor internal."""
        with self._database.read() as session:
            return bool(
                session.scalar(
                    select(func.count()).where(ApiKeyRow.revoked_at.is_(None), ApiKeyRow.internal.is_(False))
                )
            )

    def revoke(self, key_id: str) -> None:
        """Revoke a key permanently. Revoking it again changes nothing.

        Raises:
            KeyNotFound: no key has this id.
        """
        self.get(key_id)
        with self._database.write() as session:
            session.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None)).values(revoked_at=now())
            )

    def remove_internal(self, name: str) -> None:
        """Delete the internal keys of this name."""
        with self._database.write() as session:
            session.execute(delete(ApiKeyRow).where(ApiKeyRow.internal.is_(True), ApiKeyRow.name == name))

    def record_use(self, key_id: str) -> None:
        """Update the time of a key's last use, unless it is recent."""
        with self._database.write() as session:
            session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id, _is_outdated()).values(last_used_at=now()))


def _is_outdated() -> ColumnElement[bool]:
    return or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at < now() - LAST_USED_EVERY)


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes)),
        listeners=None if row.listeners is None else frozenset(row.listeners),
        libraries=libraries_of_key(row),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def libraries_of_key(row: ApiKeyRow) -> frozenset[str] | None:
    """Return the ids of the libraries that a key is bound to; None is all."""
    if row.libraries is not None:
        return frozenset(row.libraries)
    return None if row.library is None else frozenset({text_key(row.library)})


SIGNING_SECRET = "signing_secret"  # noqa: S105  the name of a row
SECRET_BYTES = 32


class InstallationStore:
    """Stores the secret that signs URLs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def signing_secret(self) -> bytes:
        """Return the secret, which all processes on this catalogue share; create it at first use."""
        with self._database.read() as session:
            row = session.get(MetaRow, SIGNING_SECRET)
        return bytes.fromhex(row.value) if row is not None else self._create_secret()

    def _create_secret(self) -> bytes:
        drawn = self._database.insert(MetaRow).values(key=SIGNING_SECRET, value=secrets.token_hex(SECRET_BYTES))
        with self._database.write() as session:
            session.execute(drawn.on_conflict_do_nothing())  # another process may have created it
            return bytes.fromhex(session.get_one(MetaRow, SIGNING_SECRET).value)
