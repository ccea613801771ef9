"""The lock that lets one `segue up` run on a data directory, and tells others where it listens."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from services.domain.errors import AlreadyRunning, NotConfigured
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
        _acquire(lock, settings)
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


def _acquire(lock: TextIO, settings: Settings) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                where = running_url(settings) or "an address it has not named yet"
                raise AlreadyRunning(
                    f"Segue is already running on {settings.data_path}: {where}. "
                    "Stop it with Ctrl-C where it was started."
                ) from None
            time.sleep(LOCK_PATIENCE_SECONDS / 10)
        else:
            return


def _lock_path(settings: Settings) -> Path:
    return settings.data_path / "lock"
