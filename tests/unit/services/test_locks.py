"""Locks of a data directory, between this process and others."""

import os
import subprocess
import sys
import time

import pytest
from portalocker import AlreadyLocked

from services.domain.errors import AlreadyRunning, CatalogueUnavailable, NotConfigured
from services.settings import Settings
from services.storage.locks import (
    LOCK_TIMEOUT_SECONDS,
    acquire,
    exclusive_catalogue_lock,
    instance_lock,
    is_locked,
    running_url,
    shared_catalogue_lock,
)

HOLD = """
import sys
from pathlib import Path
from services.storage.locks import acquire
lock = acquire(Path(sys.argv[1]), exclusive=True)
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data", port=4321)


def test_a_shared_lock_excludes_only_exclusive_locks(tmp_path):
    """Any number of holders share a lock; an exclusive lock is refused until all have released it."""
    first, second = (acquire(tmp_path / "lock", exclusive=False) for _ in range(2))
    with pytest.raises(AlreadyLocked):
        acquire(tmp_path / "lock", exclusive=True)
    first.release()
    second.release()
    alone = acquire(tmp_path / "lock", exclusive=True)
    with pytest.raises(AlreadyLocked):
        acquire(tmp_path / "lock", exclusive=False)

    assert is_locked(tmp_path / "lock")
    alone.release()
    assert not is_locked(tmp_path / "lock")


def test_a_refusal_waits_for_the_timeout(tmp_path):
    """A lock that is held briefly, by a status check, does not make a start fail."""
    holder = acquire(tmp_path / "lock", exclusive=False)
    begun = time.monotonic()
    with pytest.raises(AlreadyLocked):
        acquire(tmp_path / "lock", exclusive=True, timeout=LOCK_TIMEOUT_SECONDS)
    holder.release()

    assert time.monotonic() - begun >= LOCK_TIMEOUT_SECONDS


def test_the_file_is_opened_read_only_and_closed_in_child_processes(tmp_path):
    """A lock can be acquired on a disk that became read-only, and a program that is started does not keep it."""
    lock = acquire(tmp_path / "lock", exclusive=True)
    descriptor = lock.fh.fileno()

    assert os.get_inheritable(descriptor) is False
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.write(descriptor, b"x")
    lock.release()


def test_a_lock_ends_with_a_killed_process(tmp_path):
    """The kernel releases the lock of a process that was killed."""
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "locked\n"
        assert is_locked(path)
        process.kill()

    assert not is_locked(path)


def test_no_lock_file_is_created_by_a_status_check(tmp_path, settings):
    """Checking whether Segue runs creates no file."""
    assert running_url(settings) is None
    assert not is_locked(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []


def test_one_instance_runs_on_a_data_directory(settings):
    """The second one is refused with the URL of the first; the next one after that may run."""
    with instance_lock(settings):
        assert running_url(settings) == "http://127.0.0.1:4321"
        with pytest.raises(AlreadyRunning, match=r"at http://127\.0\.0\.1:4321"), instance_lock(settings):
            pass
    assert running_url(settings) is None
    with instance_lock(settings.model_copy(update={"port": 1})):
        assert running_url(settings) == "http://127.0.0.1:1"


def test_a_data_directory_that_cannot_be_created_is_named(tmp_path):
    """The message has the directory and the variable that changes it."""
    (tmp_path / "file").write_text("in the way")
    settings = Settings(data_dir=tmp_path / "file" / "data")
    with pytest.raises(NotConfigured, match="SEGUE_DATA_DIR"), instance_lock(settings):
        pass
    with pytest.raises(CatalogueUnavailable, match="lock file"), shared_catalogue_lock(settings):
        pass


def test_a_restore_excludes_every_process_that_uses_the_catalogue(settings):
    """No restore starts while a process uses the catalogue, and no process opens it during a restore."""
    with (
        shared_catalogue_lock(settings),
        shared_catalogue_lock(settings),
        pytest.raises(AlreadyRunning, match="Stop every API process"),
        exclusive_catalogue_lock(settings),
    ):
        pass
    with (
        exclusive_catalogue_lock(settings),
        pytest.raises(AlreadyRunning, match="is being restored"),
        shared_catalogue_lock(settings),
    ):
        pass


def test_a_catalogue_on_a_server_has_no_lock_file(tmp_path):
    """PostgreSQL is not replaced as a file, so nothing is locked."""
    settings = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://a@b/c")
    with exclusive_catalogue_lock(settings), shared_catalogue_lock(settings):
        pass

    assert list(tmp_path.iterdir()) == []
