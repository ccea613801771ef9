"""Files that have changed: when each is complete, and when one that disappeared counts as deleted."""

import os
from dataclasses import dataclass, field
from enum import IntEnum

from services.ingest.listing import FileState

# After the last event of a program that has not closed the file yet. It may have stalled, or died.
OPEN_SECONDS = 60.0
# If nobody says whether a program still writes: on network mounts, on macOS and in folders that appear as a whole.
UNKNOWN_SECONDS = 4.0


class Writing(IntEnum):
    """What is known about the program that writes a file."""

    CLOSED = 0
    UNKNOWN = 1
    OPEN = 2


@dataclass(slots=True)
class _Waiting:
    state: FileState | None
    since: float
    writing: Writing


@dataclass(slots=True)
class Changes:
    """The changed files that are waited for. Times are those of a monotonic clock, in seconds."""

    settle_seconds: float
    """How long a file that was closed must stay as it is."""
    grace_seconds: float
    """How long a file must have been gone: tagging programs replace files, and moves between disks take time."""
    _waiting: dict[str, _Waiting] = field(default_factory=dict)

    def touch(self, path: str, at: float, writing: Writing | None = None) -> None:
        """Record that a file has changed; without `writing`, what was known about it stays."""
        before = self._waiting.get(path)
        if writing is None:
            writing = Writing.CLOSED if before is None else before.writing
        self._waiting[path] = _Waiting(state_of(path), at, writing)

    def __contains__(self, path: str) -> bool:
        """Return whether a file is waited for."""
        return path in self._waiting

    def due(self, now: float) -> tuple[list[str], list[str]]:
        """Return the files that are complete and those that are deleted, and stop waiting for them."""
        complete: list[str] = []
        deleted: list[str] = []
        for path, waiting in self._waiting.items():
            state = state_of(path)
            if state != waiting.state:
                waiting.state, waiting.since = state, now
            elif now - waiting.since >= self._patience(waiting) and (state is not None or _is_gone(path)):
                (deleted if state is None else complete).append(path)
        for path in (*complete, *deleted):
            del self._waiting[path]
        return complete, deleted

    def count_present(self, root: str) -> int:
        """Return the number of files below a folder that exist and are waited for."""
        inside = root.rstrip("/") + "/"
        return sum(waiting.state is not None and path.startswith(inside) for path, waiting in self._waiting.items())

    def _patience(self, waiting: _Waiting) -> float:
        if waiting.state is None:
            return self.grace_seconds
        if waiting.writing == Writing.OPEN or waiting.state.size == 0:
            return OPEN_SECONDS
        return self.settle_seconds if waiting.writing == Writing.CLOSED else max(UNKNOWN_SECONDS, self.settle_seconds)


def state_of(path: str) -> FileState | None:
    """Return the state of a file, or of the file that a link leads to; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  Paths would take longer than the look-up
    except OSError:
        return None
    return FileState(found.st_size, found.st_mtime_ns)


def _is_gone(path: str) -> bool:
    """Return whether there is no file, unlike one that cannot be looked at, on a server that does not respond."""
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
