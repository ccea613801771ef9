"""File locks of a data directory.

The instance lock lets one `segue up` run on a data directory and holds the URL of its service. The catalogue lock keeps
`segue restore` from replacing an SQLite file while a process has it open. The kernel releases a lock when its process
ends, even if the process is killed.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import portalocker
from portalocker import AlreadyLocked, LockFlags
from sqlalchemy import make_url

from services.domain.errors import AlreadyRunning, CatalogueUnavailable, NotConfigured
from services.settings import Settings

# A status check holds the lock briefly; a start retries for longer than that.
LOCK_TIMEOUT_SECONDS = 0.3


def acquire(path: Path, *, exclusive: bool, timeout: float = 0.0) -> portalocker.Lock[IO[bytes]]:
    """Lock a file and create it if needed; release the lock with its `release` method.

    Raises:
        AlreadyLocked: another process holds the lock after `timeout` seconds.
        OSError: the file cannot be opened.
    """
    lock = portalocker.Lock(
        path,
        "rb",
        timeout=timeout,
        check_interval=timeout / 10,
        flags=(LockFlags.EXCLUSIVE if exclusive else LockFlags.SHARED) | LockFlags.NON_BLOCKING,
        opener=_open_read_only,
    )
    lock.acquire()
    return lock


def is_locked(path: Path) -> bool:
    """Return whether a process holds an exclusive lock on a file; a missing file is not locked."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        try:
            portalocker.lock(file, LockFlags.SHARED | LockFlags.NON_BLOCKING)
        except AlreadyLocked:
            return True
    return False


@contextlib.contextmanager
def instance_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock of the one instance that runs on a data directory.

    Raises:
        AlreadyRunning: another process holds the lock; the message has its URL.
        NotConfigured: the data directory cannot be created or written.
    """
    path = _instance_lock_path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = acquire(path, exclusive=True, timeout=LOCK_TIMEOUT_SECONDS)
        try:
            path.write_text(settings.service_url, encoding="utf-8")
        except OSError:
            lock.release()
            raise
    except AlreadyLocked as error:
        url = running_url(settings)
        raise AlreadyRunning(
            f"Segue is already running on {settings.data_path}{f' at {url}' if url else ''}. "
            "To stop it, press Ctrl-C in its terminal."
        ) from error
    except OSError as error:
        raise NotConfigured(
            f"The data directory '{path.parent}' cannot be used: {error.strerror}. Set SEGUE_DATA_DIR to another one."
        ) from error
    try:
        yield
    finally:
        lock.release()


def running_url(settings: Settings) -> str | None:
    """Return the URL of the instance that runs on this data directory; None if none runs.

    Raises:
        NotConfigured: the data directory cannot be read.
    """
    path = _instance_lock_path(settings)
    try:
        return path.read_text(encoding="utf-8") or None if is_locked(path) else None
    except OSError as error:
        raise NotConfigured(
            f"The data directory '{path.parent}' cannot be read: {error.strerror}. Set SEGUE_DATA_DIR to another one."
        ) from error


@contextlib.contextmanager
def shared_catalogue_lock(settings: Settings) -> Iterator[None]:
    """Keep `segue restore` from replacing the catalogue; any number of processes can hold this lock.

    Without it a process would keep writing to the file that a restore has replaced. Acquire it after a fork, because a
    forked process shares the locks of its parent. With PostgreSQL it does nothing.

    Raises:
        AlreadyRunning: the catalogue is being restored.
        CatalogueUnavailable: the lock file cannot be opened.
    """
    with _catalogue_lock(
        settings,
        f"The catalogue in {settings.data_path} is being restored. Try again when the restore has finished.",
        exclusive=False,
    ):
        yield


@contextlib.contextmanager
def exclusive_catalogue_lock(settings: Settings) -> Iterator[None]:
    """Hold the catalogue lock alone, to replace the SQLite file. With PostgreSQL it does nothing.

    Raises:
        AlreadyRunning: another process uses the catalogue.
        CatalogueUnavailable: the lock file cannot be opened.
    """
    with _catalogue_lock(
        settings,
        f"Another process uses the catalogue in {settings.data_path}. Stop every API process and worker first.",
        exclusive=True,
    ):
        yield


@contextlib.contextmanager
def _catalogue_lock(settings: Settings, refusal: str, *, exclusive: bool) -> Iterator[None]:
    url = make_url(settings.catalogue_url)
    if url.get_backend_name() != "sqlite":
        yield
        return
    catalogue = Path(str(url.database))
    path = catalogue.with_name(f"{catalogue.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = acquire(path, exclusive=exclusive, timeout=LOCK_TIMEOUT_SECONDS)
    except AlreadyLocked as error:
        raise AlreadyRunning(refusal) from error
    except OSError as error:
        raise CatalogueUnavailable(f"The lock file '{path}' cannot be opened: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def _open_read_only(path: str, _flags: int) -> int:
    # The disk may have become read-only since the file was created.
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _instance_lock_path(settings: Settings) -> Path:
    return settings.data_path / "lock"
