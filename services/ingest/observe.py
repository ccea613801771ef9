"""Learn about changes in a library root: from the kernel, or on network mounts by listing it again and again."""

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from services.ingest.changes import Writing
from services.ingest.listing import FileState, Listing

if TYPE_CHECKING:
    from queue import SimpleQueue

EVENTS: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileAttribEvent, FileClosedEvent, FileMovedEvent, FileDeletedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]
# Of these files the kernel reports when they are closed. Others are complete if they do not change for a while.
WRITING: dict[type[FileSystemEvent], Writing | None] = {
    FileClosedEvent: Writing.CLOSED,
    FileMovedEvent: Writing.CLOSED,
    FileModifiedEvent: Writing.OPEN if sys.platform == "linux" else Writing.UNKNOWN,
    FileCreatedEvent: Writing.UNKNOWN,
    DirMovedEvent: Writing.CLOSED,
}
# A listing may take a tenth of the time at most.
POLLS_SHARE = 10

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Change:
    """A file or folder that has changed, appeared or disappeared."""

    path: str
    writing: Writing | None
    is_folder: bool = False


class KernelEvents(FileSystemEventHandler):
    """Watches folders with the events of the operating system. Its threads put changes into the queue."""

    def __init__(self, queue: "SimpleQueue[Change]") -> None:
        self.lost = False
        """Whether the kernel has dropped events since somebody set this to False: the roots must be scanned."""
        self._queue = queue
        # On Linux, files that are moved in from elsewhere are then reported as moved, and so as complete.
        options: dict[str, Any] = {"generate_full_events": True} if sys.platform == "linux" else {}
        self._observer = Observer(**options)
        self._observer.start()
        self._watches: dict[str, Any] = {}
        # watchdog only logs that the kernel has dropped events.
        for name in ("watchdog.observers.inotify", "watchdog.observers.inotify_c"):
            logging.getLogger(name).addFilter(self._notice)

    def watch(self, root: str) -> None:
        """Watch a folder with its subfolders.

        Raises:
            OSError: it cannot be watched, for example because the limit of the kernel is reached.
        """
        if sys.platform == "linux" and (count := sum(1 for _ in os.walk(root))) > _watches_allowed():
            raise OSError(f"it has {count} folders, more than fs.inotify.max_user_watches")
        self._watches[root] = self._observer.schedule(self, root, recursive=True, event_filter=EVENTS)

    def forget(self, root: str) -> None:
        """Stop watching a folder."""
        with suppress(KeyError, OSError):
            self._observer.unschedule(self._watches.pop(root))

    def stop(self) -> None:
        """End the threads."""
        self._observer.stop()
        self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Put the paths of an event into the queue; called by watchdog's thread."""
        for path in (event.src_path, event.dest_path):
            if path:
                self._queue.put(Change(os.fsdecode(path), WRITING.get(type(event)), event.is_directory))

    def _notice(self, record: logging.LogRecord) -> bool:
        self.lost = self.lost or "overflow" in record.getMessage()
        return True


@dataclass(slots=True)
class Poll:
    """Lists a root regularly and compares it with the last time."""

    list_files: Callable[[], Listing]
    every_seconds: float
    _files: dict[str, FileState | None] | None = None
    _next: float = field(default=0.0)

    def changes(self, now: float) -> list[Change]:
        """Return what has changed since the last listing, if another one is due."""
        if now < self._next:
            return []
        started = time.monotonic()
        listing = self.list_files()
        self._next = now + max(self.every_seconds, POLLS_SHARE * (time.monotonic() - started))
        before, self._files = self._files, listing.files
        if before is None:
            return []
        # A folder that cannot be listed at present has not lost its files.
        self._files |= {path: state for path, state in before.items() if path.startswith(listing.not_walked)}
        changed = {path for path, state in listing.files.items() if path not in before or before[path] != state}
        gone = before.keys() - listing.files.keys()
        return [Change(path, Writing.UNKNOWN) for path in sorted(changed | gone)]


def _watches_allowed() -> int:
    try:
        return int(Path("/proc/sys/fs/inotify/max_user_watches").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return sys.maxsize
