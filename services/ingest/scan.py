"""Scan a folder: register each audio file in it as a track, and remove files that are gone from the catalogue."""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.folders import ABSENT
from services.catalog.library import KnownFile
from services.domain.errors import BrokerUnavailable, PathNotScannable
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.ingest.changes import state_of
from services.ingest.ignore import BadPatterns, Choice, rules_above
from services.ingest.intake import Intake, StillWritten
from services.ingest.listing import PICTURE_SUFFIXES, FileState, Listing, list_audio
from services.ingest.presence import absent_folders, mounts_after
from services.ingest.roots import Roots, check_inside, configured_roots, contains
from services.quotas.room import Room
from services.settings import Settings
from services.tasks.queue import TaskQueue
from services.tasks.turns import keep_filled

STILL_WRITTEN = Cause(
    "The file was still being written when the scan ended: scan again when it is complete.", FailureKind.UNREADABLE
)
# A scan waits this long for files that are being written.
WRITING_SECONDS = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What a scan may read, and what it leaves out."""

    roots: Roots = None
    choice: Choice = field(default_factory=Choice)
    settle_seconds: float = 0.0
    """A file that was written more recently is looked at again at the end of the scan."""

    @classmethod
    def of(cls, settings: Settings) -> "ScanRules":
        """Return the rules of a worker with these settings."""
        return cls(configured_roots(settings), Choice.of(settings), settings.settle_seconds)


def request_scan(
    catalogue: Catalogue, queue: TaskQueue, path: str, roots: Roots = None, kind: JobKind = JobKind.SCAN
) -> str:
    """Queue a scan of a folder or file inside the roots, for audio files or pictures, and return the job's id.

    Raises:
        PathNotScannable: the path is not absolute, lies outside the roots, does not exist although no file below it is
            known, cannot be read, or is a file that is to be read as a picture and has another suffix.
        BrokerUnavailable: the task cannot be sent; the job is recorded as failed.
    """
    if "\0" in path or not Path(path).is_absolute():
        raise PathNotScannable(f"'{path}' is not an absolute path.")
    check_inside(path, roots)
    real = os.path.realpath(path)
    if not os.path.exists(real):  # noqa: PTH110  a Path raises errors of disks that do not respond
        files = catalogue.pictures if kind == JobKind.PICTURES else catalogue.library
        if not files.known_files(real):
            raise PathNotScannable(f"'{path}' does not exist on the machine that Segue runs on.")
    elif not os.access(real, os.R_OK | (os.X_OK if Path(real).is_dir() else 0)):
        raise PathNotScannable(f"'{path}' cannot be read: permission denied.")
    if kind == JobKind.PICTURES and Path(real).is_file() and Path(path).suffix.lower() not in PICTURE_SUFFIXES:
        raise PathNotScannable(
            f"'{path}' is not a picture: its suffix is none of {', '.join(sorted(PICTURE_SUFFIXES))}."
        )
    job_id = catalogue.jobs.create(kind, real)
    try:
        queue.scan(job_id, kind)
    except BrokerUnavailable as error:
        catalogue.jobs.fail(job_id, error.detail)
        raise
    return job_id


def watched_roots(catalogue: Catalogue, settings: Settings, also: Collection[str] = ()) -> set[str]:
    """Return the folders that are watched and scanned at night: the configured ones, those scanned as a whole, `also`.

    A folder inside of another one is part of that.
    """
    allowed = configured_roots(settings)
    found = {*(allowed or ()), *(root for root in {*catalogue.folders.scanned(), *also} if contains(allowed, root))}
    return {root for root in found if not any(contains((other,), root) for other in found - {root})}


def request_rescans(catalogue: Catalogue, queue: TaskQueue, settings: Settings) -> None:
    """Request a scan of each library folder that is not being scanned.

    Raises:
        BrokerUnavailable: the task cannot be sent.
    """
    being_scanned = tuple(catalogue.folders.being_scanned())
    for root in sorted(watched_roots(catalogue, settings)):
        if contains(being_scanned, root):
            continue
        try:
            request_scan(catalogue, queue, root)
        except PathNotScannable as error:
            log.warning("root_not_scanned", root=root, reason=error.detail)


def run_scan(catalogue: Catalogue, queue: TaskQueue, job_id: str, rules: ScanRules | None = None) -> None:
    """Run a scan job. Repeating it is safe, also after a crash. The job fails if its path now lies outside the roots.

    Raises:
        JobNotFound: no job has this id.
    """
    rules = rules or ScanRules()
    folder = catalogue.jobs.path(job_id)
    try:
        check_inside(folder, rules.roots)
    except PathNotScannable as error:
        catalogue.jobs.fail(job_id, error.detail)
        return
    root = root_of_scan(folder, catalogue.library.roots(), rules)
    started = now()
    listing = list_audio(folder, root, rules.choice)
    known = _present_files(catalogue, listing, root)
    catalogue.jobs.begin(job_id, total=len(listing.files) + len(listing.unreadable))
    # Who scans a single file wants it, also if its track was deleted before.
    intake = Intake(catalogue, queue, job_id, root, rules.roots, takes_deleted=Path(folder).is_file())
    intake.room = Room.of(catalogue, folder)
    for path, cause in listing.unreadable.items():
        intake.failures.add(path, cause)
    _take_all(intake, listing, known, rules.settle_seconds)
    keep_filled(catalogue, queue)
    intake.report_left_out(folder)
    missing = listing.missing((path, file.stamp.root) for path, file in known.items())
    catalogue.library.forget_files(missing)
    catalogue.failures.forget(folder, JobKind.SCAN, before=started)
    catalogue.covers.look_again(intake.other_covers)
    catalogue.jobs.complete_listing(job_id, intake.unchanged)
    send_covers(queue)


def _present_files(catalogue: Catalogue, listing: Listing, root: str) -> dict[str, KnownFile]:
    """Return the known files of a scan; tracks of folders that are away leave the library, others return to it."""
    known = catalogue.library.known_files(listing.folder)
    mounts = catalogue.folders.mounts()
    absent = absent_folders(listing, root, known, mounts)
    for folder in absent:
        log.warning("folder_absent", folder=folder, tracks=catalogue.folders.set_absent(folder))
        listing.unreadable[folder] = ABSENT
    if listing.folder not in absent and (count := catalogue.folders.bring_back(listing.folder, absent)):
        log.info("folder_is_back", folder=listing.folder, tracks=count)
        known = catalogue.library.known_files(listing.folder)
    if (found := mounts_after(listing, root, mounts, absent)) != mounts:
        catalogue.folders.set_mounts(found)
    return known


def root_of_scan(folder: str, known_roots: list[str], rules: ScanRules) -> str:
    """Return the library root of a scan: the nearest known root, or the folder itself if that root leaves it out."""
    # A root of an earlier scan counts only if it may be scanned now, because links inside a root are followed.
    allowed = [root for root in known_roots if contains(rules.roots, os.path.realpath(root))]
    root = library_root(folder, allowed)
    try:
        is_left_out = Path(folder).is_dir() and rules_above(root, folder, rules.choice) is None
    except BadPatterns:
        return root  # the listing reports it
    return folder if is_left_out else root


def library_root(folder: str, roots: list[str]) -> str:
    """Return the nearest known root that contains a folder, or the folder itself."""
    if Path(folder).is_file():
        folder = str(Path(folder).parent)
    containing = [root for root in roots if contains((root,), folder)]
    return max(containing, key=len, default=folder)


def _take_all(intake: Intake, listing: Listing, known: Mapping[str, KnownFile], settle_seconds: float) -> None:
    """Take unchanged files, then the newest of the others first, and at the end those that are being written."""
    changed: list[tuple[str, FileState | None]] = []
    for path, state in listing.files.items():
        file = known.get(path)
        if file is not None and state == (file.stamp.size, file.stamp.mtime_ns):
            intake.add_file(path, state, file)
        else:
            changed.append((path, state))
    # Stable, so that the songs of an album that was copied at once stay in their order.
    changed.sort(key=lambda found: 0 if found[1] is None else -found[1].mtime_ns)
    written: list[str] = []
    for path, state in changed:
        if settle_seconds and state is not None and time.time_ns() - state.mtime_ns < settle_seconds * 1e9:
            written.append(path)
            continue
        try:
            intake.add_file(path, state, known.get(path))
        except StillWritten:
            written.append(path)
    _take_written(intake, written, settle_seconds)


def _take_written(intake: Intake, paths: list[str], settle_seconds: float) -> None:
    """Take files that were being written as soon as they do not change for a while; report those that still do."""
    deadline = time.monotonic() + WRITING_SECONDS
    states = {path: state_of(path) for path in paths}
    while states and time.monotonic() < deadline:
        time.sleep(settle_seconds)
        for path, before in list(states.items()):
            states[path] = state_of(path)
            if states[path] != before:
                continue
            try:
                intake.add_file(path, None, None)
            except StillWritten:
                continue
            del states[path]
    for path in states:
        intake.failures.add(path, STILL_WRITTEN)


def send_covers(queue: TaskQueue) -> None:
    """Send the task that looks for the covers of new tracks. Without a broker, the scheduler sends it."""
    try:
        queue.covers()
    except BrokerUnavailable as error:
        log.warning("covers_task_not_sent", reason=error.detail)
