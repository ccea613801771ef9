"""Watch the library roots: take files when they are complete, and forget them when they were deleted.

Events only say where to look. What a file is decide its content and the catalogue, as in a scan, so a lost, late or
repeated event is harmless. What the watcher cannot tell, such as whether a whole root was deleted, it leaves to a scan.
"""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Event

import structlog

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.library import KnownFile
from services.domain.errors import PathNotScannable, Unavailable
from services.domain.job import JobKind
from services.domain.track import TAGS_VERSION, TrackStatus
from services.ingest.changes import Changes, Writing, state_of
from services.ingest.ignore import IGNORE_FILE, BadPatterns, FolderRules, rules_above
from services.ingest.intake import Intake, StillWritten
from services.ingest.listing import AUDIO_SUFFIXES, list_audio
from services.ingest.observe import Change, KernelEvents, Poll
from services.ingest.presence import is_on_network, unmounted_of
from services.ingest.roots import contains
from services.ingest.scan import ScanRules, library_root, request_scan, send_covers, watched_roots
from services.logs import configure_logging
from services.quotas.room import Room
from services.settings import Settings
from services.storage.locks import shared_catalogue_lock
from services.tasks.presence import ANNOUNCE_EVERY_SECONDS, Workers
from services.tasks.queue import TaskQueue, Urgency, open_queue
from services.tasks.turns import keep_filled

TICK_SECONDS = 0.5
# New roots, and disks that come and go, are noticed in this time.
ROOTS_SECONDS = 3.0
# Files taken between two looks at the events, so that a copy of a whole library does not stop the watcher from looking.
FILES_AT_ONCE = 20

log = structlog.get_logger()


def run(settings: Settings) -> None:
    """Watch until SIGTERM or SIGINT.

    Raises:
        NotConfigured: no broker is set.
        AlreadyRunning: the catalogue is being restored.
        CatalogueUnavailable: the catalogue cannot be opened.
    """
    configure_logging(settings.log_level)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    queue = open_queue(settings)
    with shared_catalogue_lock(settings):
        catalogue = Catalogue.open(settings.catalogue_url, rules=settings.tag_rules)
        try:
            Watcher(catalogue, queue, settings).run(stop)
        finally:
            catalogue.close()


class Watcher:
    """Watches all library roots, in one thread besides those of watchdog."""

    def __init__(self, catalogue: Catalogue, queue: TaskQueue, settings: Settings) -> None:
        self._catalogue = catalogue
        self._queue = queue
        self._rules = ScanRules.of(settings)
        self._settings = settings
        self._changes = Changes(settings.settle_seconds, settings.deletion_grace_seconds)
        self._events: SimpleQueue[Change] = SimpleQueue()
        self._kernel = KernelEvents(self._events)
        self._polls: dict[str, Poll] = {}
        self._roots: dict[str, tuple[int, int] | None] = {}
        """Root → what it is at present: device and inode; None if it does not exist."""
        self._roots_due = 0.0
        self._to_scan: set[str] = set()
        self._to_take: dict[str, None] = {}  # in the order of their completion
        self._to_forget: set[str] = set()
        self._jobs: dict[str, str] = {}
        """Root → the open job of its latest changes."""
        self._is_available = True
        self._presence = Workers(queue)
        self._announce_due = 0.0

    def run(self, stop: Event) -> None:
        """Watch until the event is set."""
        self._catalogue.jobs.complete_unlisted(JobKind.WATCH)  # left by a watcher that was killed
        log.info("watcher_ready")
        try:
            while not stop.wait(TICK_SECONDS):
                self.step(time.monotonic())
        finally:
            self._kernel.stop()
            self._catalogue.jobs.complete_unlisted(JobKind.WATCH)

    def step(self, at: float) -> None:
        """Look at roots and events, and do what is due. While a part is unavailable, nothing is lost."""
        try:
            if at >= self._announce_due:
                self._presence.announce_watcher()
                self._announce_due = at + ANNOUNCE_EVERY_SECONDS
            if at >= self._roots_due:
                self._look_at_roots()
                self._roots_due = at + ROOTS_SECONDS
            self._collect(at)
            complete, deleted = self._changes.due(at)
            self._to_scan |= {self._root_of(path) for path in (*complete, *deleted) if _is_ignore_file(path)}
            self._to_take |= dict.fromkeys(path for path in complete if not _is_ignore_file(path))
            self._to_forget |= set(deleted)
            self._take(at)
            self._forget()
            self._request_scans()
        except Unavailable as error:
            if self._is_available:
                log.warning("watcher_waits", reason=error.detail)
            self._is_available = False
        else:
            self._is_available = True

    def _look_at_roots(self) -> None:
        being_scanned = self._catalogue.folders.being_scanned()
        wanted = watched_roots(self._catalogue, self._settings, list(filter(os.path.isdir, being_scanned)))
        for root in self._roots.keys() - wanted:
            self._unwatch(root)
            del self._roots[root]
        for root in sorted(wanted):
            identity = _identity(root)
            if root in self._roots and self._roots[root] == identity:
                continue
            self._unwatch(root)
            if identity is not None:
                self._watch(root)
            if root not in self._roots and contains(tuple(being_scanned), root):
                log.info("root_watched", root=root)
            else:
                log.info("root_changed", root=root, exists=identity is not None)
                self._to_scan.add(root)
            self._roots[root] = identity
        if self._kernel.lost:
            self._kernel.lost = False
            log.warning("events_lost")
            self._to_scan |= self._roots.keys()

    def _watch(self, root: str) -> None:
        if not is_on_network(root):
            try:
                self._kernel.watch(root)
            except OSError as error:
                log.warning("root_not_watched", root=root, reason=str(error), poll_seconds=self._settings.poll_seconds)
            else:
                return
        self._polls[root] = Poll(lambda: list_audio(root, root, self._rules.choice), self._settings.poll_seconds)

    def _unwatch(self, root: str) -> None:
        self._kernel.forget(root)
        self._polls.pop(root, None)

    def _collect(self, at: float) -> None:
        """Record all changes since the last look."""
        for poll in self._polls.values():
            for change in poll.changes(at):
                self._events.put(change)
        while True:
            try:
                change = self._events.get_nowait()
            except Empty:
                return
            if change.is_folder:
                self._look_into(change, at)
            elif _is_ignore_file(change.path) or os.path.splitext(change.path)[1].lower() in AUDIO_SUFFIXES:  # noqa: PTH122
                self._changes.touch(change.path, at, change.writing)

    def _look_into(self, change: Change, at: float) -> None:
        """Record the files of a folder that appeared or disappeared as a whole."""
        files = list_audio(change.path, self._root_of(change.path), self._rules.choice).files
        for path in (*files, *self._catalogue.library.known_files(change.path)):
            if path not in self._changes:
                self._changes.touch(path, at, change.writing or Writing.UNKNOWN)

    def _root_of(self, path: str) -> str:
        return library_root(path, [root for root in self._roots if contains((root,), path)])

    def _take(self, at: float) -> None:
        """Take some of the complete files, and close the jobs of roots in which nothing is waited for any more."""
        by_root: defaultdict[str, list[str]] = defaultdict(list)
        for path in list(self._to_take)[:FILES_AT_ONCE]:
            by_root[self._root_of(path)].append(path)
        for root, paths in by_root.items():
            self._take_files(root, self._included(root, paths), at)
            for path in paths:
                self._to_take.pop(path, None)
        for root in list(self._jobs):
            if not self._changes.count_present(root) and not any(contains((root,), path) for path in self._to_take):
                self._catalogue.jobs.complete_listing(self._jobs.pop(root), unchanged=0)
                send_covers(self._queue)

    def _included(self, root: str, paths: Iterable[str]) -> list[str]:
        """Return the paths that no pattern leaves out."""
        rules: dict[str, FolderRules | None] = {}
        included = []
        for path in paths:
            parent = os.path.dirname(path)  # noqa: PTH120
            try:
                if parent not in rules:
                    above = rules_above(root, parent, self._rules.choice)
                    rules[parent] = None if above is None else above.enter(parent)
            except BadPatterns:
                rules[parent] = None  # a scan reports it
            here = rules[parent]
            if here is not None and not here.leaves_out(path, is_folder=False):
                included.append(path)
        return included

    def _take_files(self, root: str, paths: Iterable[str], at: float) -> None:
        known = {path: self._catalogue.library.known_files(path).get(path) for path in paths}
        changed = {path: file for path, file in known.items() if not _is_settled(path, file)}
        if not changed:
            return
        started = now()
        if root not in self._jobs:
            self._jobs[root] = self._catalogue.jobs.create(JobKind.WATCH, root)
            self._catalogue.jobs.begin(self._jobs[root], total=0)
        job_id = self._jobs[root]
        self._catalogue.jobs.extend(job_id, len(changed))
        intake = Intake(self._catalogue, self._queue, job_id, root, self._rules.roots, Urgency.NEW)
        intake.room = Room.of(self._catalogue, root)
        for path, file in changed.items():
            try:
                intake.add_file(path, None, file)
            except StillWritten:
                self._catalogue.jobs.extend(job_id, -1)
                self._changes.touch(path, at, Writing.OPEN)
            self._catalogue.failures.forget(path, JobKind.SCAN, before=started)
        intake.report_left_out(root)
        self._catalogue.jobs.extend(job_id, -intake.unchanged)
        keep_filled(self._catalogue, self._queue)

    def _forget(self) -> None:
        """Forget files that were deleted; a scan finds out whether a root without any file left, or a disk, is away."""
        by_root: defaultdict[str, list[str]] = defaultdict(list)
        for path in self._to_forget:
            by_root[self._root_of(path)].append(path)
        for root, deleted in by_root.items():
            known = [path for path in deleted if self._catalogue.library.known_files(path)]
            if known and len(known) == self._catalogue.folders.count_files(root):
                self._to_scan.add(root)
                continue
            unmounted = unmounted_of(self._catalogue.folders.mounts())
            if any(contains(unmounted, path) for path in known):
                self._to_scan.add(root)
                known = [path for path in known if not contains(unmounted, path)]
            self._catalogue.library.forget_files(known)
            for path in deleted:
                self._catalogue.failures.forget(path, JobKind.SCAN, before=now())
        self._to_forget.clear()

    def _request_scans(self) -> None:
        if self._to_scan:
            self._queue.ping()  # each request without a broker would leave a failed job
        for root in list(self._to_scan):
            try:
                request_scan(self._catalogue, self._queue, root)
            except PathNotScannable as error:
                log.warning("root_not_scanned", root=root, reason=error.detail)
            self._to_scan.discard(root)


def _identity(root: str) -> tuple[int, int] | None:
    """Return what changes when another file system is mounted at a root, or another folder is put in its place."""
    try:
        found = os.stat(root)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_ignore_file(path: str) -> bool:
    return os.path.basename(path) == IGNORE_FILE  # noqa: PTH119


def _is_settled(path: str, known: KnownFile | None) -> bool:
    """Return whether a file is known as it is, with its analysis."""
    return (
        known is not None
        and state_of(path) == (known.stamp.size, known.stamp.mtime_ns)
        and known.status == TrackStatus.READY
        and known.tags_version >= TAGS_VERSION
    )
