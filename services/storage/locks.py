"""Locks on a data directory: who runs there, and who has its catalogue open.

One lets a single `segue up` run, and tells others where it listens. The other keeps a catalogue that is a file from
being replaced under whoever uses it.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import make_url

from services.domain.errors import AlreadyRunning, CatalogueUnavailable, NotConfigured
from services.settings import Settings

# Whoever asks whether Segue runs holds the lock for an instant; a start outlasts that.
LOCK_PATIENCE_SECONDS = 0.3


@contextlib.contextmanager
def hold_instance(settings: Settings) -> Iterator[None]:
    """Be the one that runs on the data directory; the lock goes with the process, even if it is killed.

    Raises:
        AlreadyRunning: another process is; the message says at which URL.
        NotConfigured: the data directory cannot be written.
    """
    path = _lock_path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise NotConfigured(
            f"The data directory '{path.parent}' cannot be used: {error.strerror}. Name another in SEGUE_DATA_DIR."
        ) from error
    with lock:
        _flock_patiently(lock.fileno(), fcntl.LOCK_EX, lambda: _running_already(settings))
        lock.truncate(0)
        lock.write(settings.service_url)
        lock.flush()
        yield


def running_url(settings: Settings) -> str | None:
    """Where the service on this data directory listens; None if none runs."""
    with contextlib.suppress(FileNotFoundError), _lock_path(settings).open(encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return lock.read() or None
    return None


@contextlib.contextmanager
def use_catalogue(settings: Settings) -> Iterator[None]:
    """Keep a catalogue that is a file in its place; any number of processes may, each for itself, after any fork.

    Without it, what a process writes after a restore would go into the file from before. Servers look after themselves.

    Raises:
        AlreadyRunning: it is being restored.
        CatalogueUnavailable: its directory cannot be used.
    """
    with _lock_catalogue(settings, fcntl.LOCK_SH, f"The catalogue in {settings.data_path} is being restored: wait."):
        yield


@contextlib.contextmanager
def replace_catalogue(settings: Settings) -> Iterator[None]:
    """Be the only one that has the catalogue open, if it is a file.

    Raises:
        AlreadyRunning: some process uses it.
        CatalogueUnavailable: its directory cannot be used.
    """
    taken = f"A part of Segue uses the catalogue in {settings.data_path}: stop every API process and worker first."
    with _lock_catalogue(settings, fcntl.LOCK_EX, taken):
        yield


@contextlib.contextmanager
def _lock_catalogue(settings: Settings, kind: int, taken: str) -> Iterator[None]:
    url = make_url(settings.catalogue_url)
    if url.get_backend_name() != "sqlite":
        yield
        return
    catalogue = Path(str(url.database))
    path = catalogue.with_name(f"{catalogue.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not for writing: the disk may have become read-only. No program that is started inherits it.
        lock = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CatalogueUnavailable(f"The catalogue's lock '{path}' cannot be opened: {error.strerror}.") from error
    try:
        _flock_patiently(lock, kind, lambda: AlreadyRunning(taken))
        yield
    finally:
        os.close(lock)


def _flock_patiently(lock: int, kind: int, refusal: Callable[[], AlreadyRunning]) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise refusal() from None
            time.sleep(LOCK_PATIENCE_SECONDS / 10)
        else:
            return


def _running_already(settings: Settings) -> AlreadyRunning:
    where = running_url(settings) or "an address it has not named yet"
    return AlreadyRunning(
        f"Segue is already running on {settings.data_path}: {where}. Stop it with Ctrl-C where it was started."
    )


def _lock_path(settings: Settings) -> Path:
    return settings.data_path / "lock"
