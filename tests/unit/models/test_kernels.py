"""librosa's kernels are compiled by one process at a time."""

import fcntl
import threading
from pathlib import Path

import librosa

from models.kernels import compile_kernels


def test_compiling_waits_while_another_process_compiles():
    """While somebody holds the lock nothing is compiled; afterwards it is."""
    compiling = threading.Thread(target=compile_kernels, daemon=True)
    with Path(librosa.__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        compiling.start()
        compiling.join(timeout=1)
        waited = compiling.is_alive()
    compiling.join(timeout=120)

    assert waited
    assert not compiling.is_alive()
