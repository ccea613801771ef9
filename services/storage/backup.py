"""`segue backup` and `segue restore`: the catalogue and the settings, into a file and back.

A backup is what one transaction sees, taken while everything runs. A restore builds the whole catalogue anew beside the
present one and puts it in its place in one step; what was there is kept. The index is derived: it is built anew. Keys
that the present catalogue has revoked stay revoked.
"""

import contextlib
import fcntl
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

from services.catalog.database import Database, upgrade, wait_patiently
from services.catalog.indexing import GENERATION
from services.catalog.tables import ApiKeyRow
from services.domain.errors import AlreadyRunning, ArchiveUnusable, CatalogueUnavailable, StorageUnavailable
from services.settings import Settings
from services.storage.archive import Archive, Manifest, write_archive
from services.storage.disk import storage_errors
from services.storage.locks import hold_instance, replace_catalogue

# Files and schemas beside the catalogue.
KEPT = "before-restore"
KEPT_SCHEMA = "segue_before_restore"
DRAFT_SCHEMA = "segue_restoring"
SETTINGS_FILE = "restored-settings.env"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    kept: str | None
    """Where the catalogue from before is; None if there was none."""
    settings_file: Path | None
    """The backup's settings, where they differ from the present ones."""
    revoked: int | None
    """Keys in force in the backup that stay revoked; None if there was no catalogue that says which."""


def backup(settings: Settings, file: Path) -> Manifest:
    """Write a backup; safe while Segue runs, and never a half one under its name.

    Raises:
        StorageUnavailable: the file exists already, or cannot be written.
        CatalogueUnavailable: the catalogue cannot be read.
    """
    draft = file.with_name(f".{file.name}.part")
    database = Database(settings.catalogue_url)
    try:
        if database.is_sqlite and not Path(str(database.url.database)).exists():
            raise CatalogueUnavailable(f"There is no catalogue in {settings.data_path} yet, so nothing to back up.")
        if file.exists():
            raise StorageUnavailable(f"'{file}' exists already; a backup replaces none. Give another name.")
        with storage_errors(file.parent), database.translated(), _private(draft), _snapshot(database) as connection:
            draft.unlink()
            manifest = write_archive(draft, connection, _plain(settings), version("segue"))
            _sync(draft)
            draft.rename(file)
            _sync(file.parent)
        return manifest
    finally:
        database.close()
        draft.unlink(missing_ok=True)


def restore(settings: Settings, file: Path) -> Restored:
    """Put a backup in the place of the catalogue.

    Raises:
        AlreadyRunning: Segue runs on this catalogue.
        ArchiveUnusable: the file is no backup, damaged, or made by a later Segue; nothing was touched.
        CatalogueUnavailable, StorageUnavailable: it cannot be written; the catalogue is what it was.
    """
    with (
        Archive(file) as archive,
        hold_instance(settings),
        replace_catalogue(settings),
        storage_errors(settings.data_path),
    ):
        _refuse_beside_the_api(settings)
        here = Database(settings.catalogue_url)
        try:
            with here.translated():
                kept, revoked = _into_sqlite(archive, here) if here.is_sqlite else _into_postgres(archive, here)
        finally:
            here.close()
        return Restored(archive.manifest, kept, _keep_settings(archive.settings, settings), revoked)


def _refuse_beside_the_api(settings: Settings) -> None:
    """An API process without `segue up` holds no instance, but the lock of the index that it owns."""
    with contextlib.suppress(FileNotFoundError), (settings.index_path / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"An API process runs on {settings.data_path}: stop it first.") from error


def _into_sqlite(archive: Archive, here: Database) -> tuple[str | None, int | None]:
    path = Path(str(here.url.database))
    draft, kept = path.with_name(f"{path.name}.restoring"), path.with_name(f"{path.name}.{KEPT}")
    draft.unlink(missing_ok=True)
    existed = path.exists()
    revocations = None
    if existed:
        with here.engine.connect() as connection:
            revocations = _revocations(connection)
    made = Database(str(here.url.set(database=str(draft))))
    try:
        with made.engine.connect().execution_options(writes=True) as connection:
            _fill(archive, connection)
            revoked = _revoke(connection, revocations)
            connection.commit()
        _fold_journal(made)
    except BaseException:
        made.close()
        draft.unlink(missing_ok=True)
        raise
    made.close()
    _sync(draft)
    if existed:
        _fold_journal(here)
        here.close()
        kept.unlink(missing_ok=True)
        os.link(path, kept)
    draft.replace(path)  # one step: whenever the machine stops, one of the two is there, and whole
    _sync(path.parent)
    return str(kept) if existed else None, revoked


def _into_postgres(archive: Archive, here: Database) -> tuple[str | None, int | None]:
    with here.engine.connect() as connection:
        wait_patiently(connection)
        others = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'segue' AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
        if others:
            raise AlreadyRunning(
                f"Segue runs on this catalogue: {others} connections are open. Stop every API process, worker and "
                "scheduler first."
            )
        home = connection.execute(text("SELECT current_schema()")).scalar_one()
        present = _tables_in(connection, home)
        revocations = _revocations(connection)
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {KEPT_SCHEMA}, {DRAFT_SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {KEPT_SCHEMA}")
        connection.exec_driver_sql(f"CREATE SCHEMA {DRAFT_SCHEMA}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {DRAFT_SCHEMA}")
        _fill(archive, connection)
        revoked = _revoke(connection, revocations)
        new = _tables_in(connection, DRAFT_SCHEMA)
        for table in present & new:
            connection.exec_driver_sql(f'ALTER TABLE "{home}"."{table}" SET SCHEMA {KEPT_SCHEMA}')
        for table in new:
            connection.exec_driver_sql(f'ALTER TABLE {DRAFT_SCHEMA}."{table}" SET SCHEMA "{home}"')
        connection.exec_driver_sql(f"DROP SCHEMA {DRAFT_SCHEMA}")
        connection.commit()  # all of it or nothing
    return f"schema {KEPT_SCHEMA}" if present & new else None, revoked


def _fill(archive: Archive, connection: Connection) -> None:
    """Tables of the backup's revision, its rows, then what has changed in tables since."""
    try:
        upgrade(connection, archive.manifest.revision)
    except CommandError as error:
        raise ArchiveUnusable(
            f"The backup was made by Segue {archive.manifest.segue}, whose catalogue (revision "
            f"{archive.manifest.revision}) this version does not know: install that one or a later one."
        ) from error
    archive.restore_into(connection)
    upgrade(connection)
    connection.execute(text("DELETE FROM idempotency"))  # from before they were left out of archives
    # A number that no index was ever built under: whatever lies on disk or on a server is replaced.
    connection.execute(text("DELETE FROM meta WHERE key = :key"), {"key": GENERATION})
    connection.execute(
        text("INSERT INTO meta (key, value) VALUES (:key, :value)"),
        {"key": GENERATION, "value": str(int(time.time()))},
    )


def _revocations(connection: Connection) -> dict[str, datetime] | None:
    """Which keys the present catalogue has revoked, and when; None if it is none, or from before there were keys."""
    if not inspect(connection).has_table(ApiKeyRow.__tablename__):
        return None
    found = select(ApiKeyRow.id, ApiKeyRow.revoked_at).where(ApiKeyRow.revoked_at.is_not(None))
    return {key_id: revoked_at for key_id, revoked_at in connection.execute(found) if revoked_at is not None}


def _revoke(connection: Connection, revocations: dict[str, datetime] | None) -> int | None:
    """Keep out of force what was: a backup from before must not open the door again."""
    if revocations is None:
        return None
    count = 0
    for key_id, revoked_at in revocations.items():
        in_force = update(ApiKeyRow).where(ApiKeyRow.id == key_id, ApiKeyRow.revoked_at.is_(None))
        count += connection.execute(in_force.values(revoked_at=revoked_at)).rowcount
    return count


def _tables_in(connection: Connection, schema: str) -> set[str]:
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema")
    return set(connection.execute(names, {"schema": schema}).scalars())


@contextlib.contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        wait_patiently(connection)
        yield connection


def _fold_journal(database: Database) -> None:
    """Bring what is in the write-ahead log into the file itself, which then stands alone."""
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None  # noqa: S101  a connected connection
        busy, _, _ = driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise CatalogueUnavailable("The catalogue is in use by another program: close it and restore again.")


def _plain(settings: Settings) -> dict[str, str]:
    """The settings that are not at their defaults, by variable. No secret is among them: a backup travels."""
    found = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return {
        f"SEGUE_{name.upper()}": _as_variable(name, value)
        for name, value in found.items()
        if value is not None and not isinstance(value, SecretStr) and not _has_password(name, value)
    }


def _as_variable(name: str, value: object) -> str:
    """As the environment has it, from which it is read again."""
    if isinstance(value, tuple):
        return (os.pathsep if name == "library_roots" else ",").join(value)
    return str(value)


def _has_password(name: str, value: object) -> bool:
    """Whether it is a URL with someone's name in it; folders may be called what they like."""
    return name != "library_roots" and re.search("://.*@", str(value)) is not None


def _keep_settings(restored: dict[str, str], settings: Settings) -> Path | None:
    if restored == _plain(settings):
        return None
    file = settings.data_path / SETTINGS_FILE
    file.write_text("".join(f"{name}={value}\n" for name, value in restored.items()), encoding="utf-8")
    return file


@contextlib.contextmanager
def _private(draft: Path) -> Iterator[None]:
    """Make what is created meanwhile readable by its owner only: it holds listens and hashes of keys."""
    before = os.umask(0o077)
    try:
        draft.touch()
        yield
    finally:
        os.umask(before)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
