"""`segue backup` and `segue restore`: write the catalogue and the settings to a file, and restore them.

A backup holds what one transaction sees, so Segue can keep running. A restore fills a new catalogue and then replaces
the current one in one step; the replaced catalogue is kept. The index is rebuilt from the restored catalogue. Keys
revoked in the replaced catalogue stay revoked.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from alembic.util.exc import CommandError
from pydantic import SecretStr
from sqlalchemy import Connection, inspect, select, text, update

from services.catalog.database import Database, upgrade
from services.catalog.engines import remove_timeouts
from services.catalog.indexing import GENERATION
from services.catalog.tables import ApiKeyRow
from services.domain.errors import AlreadyRunning, ArchiveUnusable, CatalogueUnavailable, StorageUnavailable
from services.settings import Settings
from services.storage.archive import Archive, Manifest, write_archive
from services.storage.disk import storage_errors, sync
from services.storage.locks import exclusive_catalogue_lock, instance_lock, is_locked

# Names of files and schemas next to the catalogue.
KEPT = "before-restore"
KEPT_SCHEMA = "segue_before_restore"
DRAFT_SCHEMA = "segue_restoring"
SETTINGS_FILE = "restored-settings.env"


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    manifest: Manifest
    kept: str | None
    """Where the replaced catalogue is kept; None if there was none."""
    settings_file: Path | None
    """The file with the settings of the backup; None if they equal the current settings."""
    revoked: int | None
    """Number of keys that were valid in the backup and stay revoked; None if there was no catalogue to compare with."""


def backup(settings: Settings, file: Path) -> Manifest:
    """Write a backup. Segue may run; an incomplete backup never appears under the given name.

    Raises:
        StorageUnavailable: the file already exists or cannot be written.
        CatalogueUnavailable: the catalogue does not exist or cannot be read.
    """
    draft = file.with_name(f".{file.name}.part")
    database = Database(settings.catalogue_url)
    try:
        if database.is_sqlite and not Path(str(database.url.database)).exists():
            raise CatalogueUnavailable(f"There is no catalogue in {settings.data_path} yet: nothing to back up.")
        if file.exists():
            raise StorageUnavailable(f"'{file}' already exists. Choose another name; a backup does not replace files.")
        with storage_errors(file.parent), database.translated(), _owner_only(draft), _snapshot(database) as connection:
            draft.unlink()
            manifest = write_archive(draft, connection, _public_settings(settings), version("segue"))
            sync(draft)
            draft.rename(file)
            sync(file.parent)
        return manifest
    finally:
        database.close()
        draft.unlink(missing_ok=True)


def restore(settings: Settings, file: Path) -> Restored:
    """Replace the catalogue with a backup.

    Raises:
        AlreadyRunning: Segue runs on this catalogue.
        ArchiveUnusable: the file is not a backup, is damaged, or was made by a later version; nothing was changed.
        CatalogueUnavailable, StorageUnavailable: the new catalogue cannot be written; the current one is unchanged.
    """
    with (
        Archive(file) as archive,
        instance_lock(settings),
        exclusive_catalogue_lock(settings),
        storage_errors(settings.data_path),
    ):
        # An API process that `segue up` did not start holds the lock of its index but no instance lock.
        if any(map(is_locked, settings.index_path.parent.glob(f"{settings.index_path.name}*/lock"))):
            raise AlreadyRunning(f"An API process runs on {settings.data_path}. Stop it first.")
        current = Database(settings.catalogue_url)
        try:
            with current.translated():
                replace = _restore_sqlite if current.is_sqlite else _restore_postgres
                kept, revoked = replace(archive, current)
        finally:
            current.close()
        return Restored(archive.manifest, kept, _write_settings(archive.settings, settings), revoked)


def _restore_sqlite(archive: Archive, current: Database) -> tuple[str | None, int | None]:
    path = Path(str(current.url.database))
    draft, kept = path.with_name(f"{path.name}.restoring"), path.with_name(f"{path.name}.{KEPT}")
    draft.unlink(missing_ok=True)
    existed = path.exists()
    revocations = None
    if existed:
        with current.engine.connect() as connection:
            revocations = _revoked_keys(connection)
    made = Database(str(current.url.set(database=str(draft))))
    try:
        with made.engine.connect().execution_options(writes=True) as connection:
            _load(archive, connection)
            revoked = _revoke_again(connection, revocations)
            connection.commit()
        _checkpoint(made)
    except BaseException:
        made.close()
        draft.unlink(missing_ok=True)
        raise
    made.close()
    sync(draft)
    if existed:
        _checkpoint(current)
        current.close()
        kept.unlink(missing_ok=True)
        os.link(path, kept)
    draft.replace(path)  # atomic: after a crash the path holds either the old or the new catalogue
    sync(path.parent)
    return str(kept) if existed else None, revoked


def _restore_postgres(archive: Archive, current: Database) -> tuple[str | None, int | None]:
    with current.engine.connect() as connection:
        remove_timeouts(connection)
        others = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'segue' AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
        if others:
            raise AlreadyRunning(
                f"Segue runs on this catalogue (open connections: {others}). Stop every API process, worker and "
                "scheduler first."
            )
        home = connection.execute(text("SELECT current_schema()")).scalar_one()
        present = _tables_in(connection, home)
        revocations = _revoked_keys(connection)
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {KEPT_SCHEMA}, {DRAFT_SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {KEPT_SCHEMA}")
        connection.exec_driver_sql(f"CREATE SCHEMA {DRAFT_SCHEMA}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {DRAFT_SCHEMA}")
        _load(archive, connection)
        revoked = _revoke_again(connection, revocations)
        new = _tables_in(connection, DRAFT_SCHEMA)
        for table in present & new:
            connection.exec_driver_sql(f'ALTER TABLE "{home}"."{table}" SET SCHEMA {KEPT_SCHEMA}')
        for table in new:
            connection.exec_driver_sql(f'ALTER TABLE {DRAFT_SCHEMA}."{table}" SET SCHEMA "{home}"')
        connection.exec_driver_sql(f"DROP SCHEMA {DRAFT_SCHEMA}")
        connection.commit()
    return f"schema {KEPT_SCHEMA}" if present & new else None, revoked


def _load(archive: Archive, connection: Connection) -> None:
    """Create the tables of the backup's revision, insert its rows, then migrate to the current revision."""
    try:
        upgrade(connection, archive.manifest.revision)
    except CommandError as error:
        raise ArchiveUnusable(
            f"The backup was made by Segue {archive.manifest.segue} with catalogue revision "
            f"{archive.manifest.revision}, which this version does not know. Install that version or a later one."
        ) from error
    archive.restore_into(connection)
    upgrade(connection)
    connection.execute(text("DELETE FROM idempotency"))  # backups of early versions contain these rows
    connection.execute(text("DELETE FROM sessions"))  # they may have ended since; people sign in again
    # The pictures are not in the backup: workers look for them again.
    connection.execute(text("UPDATE tracks SET cover_seen = NULL, cover_attempts = 0"))
    # A generation that no existing index has, so that the index is rebuilt.
    connection.execute(text("DELETE FROM meta WHERE key = :key"), {"key": GENERATION})
    connection.execute(
        text("INSERT INTO meta (key, value) VALUES (:key, :value)"),
        {"key": GENERATION, "value": str(int(time.time()))},
    )


def _revoked_keys(connection: Connection) -> dict[str, datetime] | None:
    """Return the time of revocation per revoked key; None if the database has no table of keys."""
    if not inspect(connection).has_table(ApiKeyRow.__tablename__):
        return None
    found = select(ApiKeyRow.id, ApiKeyRow.revoked_at).where(ApiKeyRow.revoked_at.is_not(None))
    return {key_id: revoked_at for key_id, revoked_at in connection.execute(found) if revoked_at is not None}


def _revoke_again(connection: Connection, revocations: dict[str, datetime] | None) -> int | None:
    """Revoke the keys that were revoked after the backup was made; return how many, None if unknown."""
    if revocations is None:
        return None
    count = 0
    for key_id, revoked_at in revocations.items():
        valid = update(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
        count += connection.execute(valid.values(revoked_at=revoked_at)).rowcount
    return count


def _tables_in(connection: Connection, schema: str) -> set[str]:
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema")
    return set(connection.execute(names, {"schema": schema}).scalars())


@contextlib.contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        remove_timeouts(connection)
        yield connection


def _checkpoint(database: Database) -> None:
    """Move the contents of the write-ahead log into the database file."""
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None  # noqa: S101  the connection is open
        busy, _, _ = driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise CatalogueUnavailable("Another program uses the catalogue. Close it and restore again.")


def _public_settings(settings: Settings) -> dict[str, str]:
    """Return the settings that were set explicitly, by variable, without secrets."""
    found = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return {
        f"SEGUE_{name.upper()}": _as_variable(name, value)
        for name, value in found.items()
        if value is not None and not isinstance(value, SecretStr) and not _has_password(name, value)
    }


def _as_variable(name: str, value: object) -> str:
    """Format a value as its environment variable."""
    if isinstance(value, tuple):
        return (os.pathsep if name == "library_roots" else ",").join(value)
    return str(value)


def _has_password(name: str, value: object) -> bool:
    """Return whether a value contains a URL with credentials; a folder's name may look like one."""
    return name != "library_roots" and re.search("://.*@", str(value)) is not None


def _write_settings(restored: dict[str, str], settings: Settings) -> Path | None:
    if restored == _public_settings(settings):
        return None
    file = settings.data_path / SETTINGS_FILE
    file.write_text("".join(f"{name}={value}\n" for name, value in restored.items()), encoding="utf-8")
    return file


@contextlib.contextmanager
def _owner_only(draft: Path) -> Iterator[None]:
    """Create the file with access for its owner only, because backups hold listens and passwords of accounts."""
    before = os.umask(0o077)
    try:
        draft.touch()
        yield
    finally:
        os.umask(before)
