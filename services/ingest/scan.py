"""Scan a folder: register each audio file in it as a track, and remove files that are gone from the catalogue."""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.library import FileStamp, KnownFile
from services.domain.errors import BrokerUnavailable, PathNotScannable, UnsupportedAudio
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.track import MEDIA_TYPES, TAGS_VERSION, TrackStatus
from services.ingest.covers import fingerprint_beside
from services.ingest.identity import identify
from services.ingest.roots import OutsideLibrary, Roots, check_inside, contains, open_inside
from services.ingest.tags import read_tags
from services.tasks.queue import TaskQueue

# Films are tracks only if somebody scans the file itself or uploads it: a folder of them is no music library.
FILM_SUFFIXES = frozenset({".avi", ".flv", ".m4v", ".mkv", ".mov", ".mpg", ".ts"})
AUDIO_SUFFIXES = frozenset(MEDIA_TYPES) - FILM_SUFFIXES
# Other formats of pictures are listed with the reason why they cannot be read.
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp", ".heic", ".heif", ".jxl", ".tif", ".tiff"}
)
OUTSIDE_LIBRARY = Cause(
    "The link leads out of the library: scan the folder that it leads to.", FailureKind.OUTSIDE_LIBRARY
)
# Unchanged files per progress update: a transaction for each would be the slowest part of a rescan.
PROGRESS_STEP = 500

log = structlog.get_logger()


@dataclass(slots=True)
class Listing:
    """The files that a walk over a folder found."""

    files: list[str] = field(default_factory=list)
    unreadable: dict[str, Cause] = field(default_factory=dict)
    """Folder or link that was not followed → the cause."""


def request_scan(
    catalogue: Catalogue, queue: TaskQueue, path: str, roots: Roots = None, kind: JobKind = JobKind.SCAN
) -> str:
    """Queue a scan of a folder or file inside the roots, for audio files or pictures, and return the job's id.

    Raises:
        PathNotScannable: the path is not absolute, lies outside the roots, does not exist, cannot be read, or is a file
            that is to be read as a picture and has another suffix.
        BrokerUnavailable: the task cannot be sent; the job is recorded as failed.
    """
    if "\0" in path or not Path(path).is_absolute():
        raise PathNotScannable(f"'{path}' is not an absolute path.")
    check_inside(path, roots)
    real = os.path.realpath(path)
    if not Path(real).exists():
        raise PathNotScannable(f"'{path}' does not exist on the machine that Segue runs on.")
    if not os.access(real, os.R_OK | (os.X_OK if Path(real).is_dir() else 0)):
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


def run_scan(catalogue: Catalogue, queue: TaskQueue, job_id: str, roots: Roots = None) -> None:
    """Run a scan job. Repeating it is safe, also after a crash. The job fails if its path now lies outside the roots.

    Raises:
        JobNotFound: no job has this id.
    """
    folder = catalogue.jobs.path(job_id)
    try:
        check_inside(folder, roots)
    except PathNotScannable as error:
        catalogue.jobs.fail(job_id, error.detail)
        return
    listing = list_audio(folder)
    started = now()
    catalogue.jobs.begin(job_id, total=len(listing.files) + len(listing.unreadable))
    known = catalogue.library.known_files(folder)
    # A root of an earlier scan counts only if it may be scanned now, because links inside a root are followed.
    allowed = [root for root in catalogue.library.roots() if contains(roots, os.path.realpath(root))]
    scan = _Scan(catalogue, queue, job_id, library_root(folder, allowed), roots)
    for path, cause in listing.unreadable.items():
        scan.failures.add(path, cause)
    for path in listing.files:
        scan.add_file(path, known.get(path))
    catalogue.library.forget_files(missing_files(known, folder, listing))
    catalogue.failures.forget(folder, JobKind.SCAN, before=started)
    catalogue.covers.look_again(scan.other_covers)
    catalogue.jobs.complete_listing(job_id, scan.unchanged)
    _send_covers(queue)


def list_audio(folder: str) -> Listing:
    """List the audio files at or under a path."""
    return list_files(folder, AUDIO_SUFFIXES)


def list_files(folder: str, suffixes: frozenset[str]) -> Listing:
    """List the files with these suffixes at or under a path, in a stable order, without hidden files and folders."""
    if Path(folder).is_file():
        return Listing(files=[folder])
    listing = Listing()

    def add_unreadable(error: OSError) -> None:
        reason = f"The folder cannot be listed: {error.strerror}."
        listing.unreadable[os.fspath(error.filename)] = Cause(reason, FailureKind.UNREADABLE)

    for parent, folders, names in os.walk(folder, onerror=add_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for link in filter(os.path.islink, (os.path.join(parent, name) for name in folders)):  # noqa: PTH118
            if not _is_inside(link, folder):  # the walk finds the targets of links inside the folder anyway
                listing.unreadable[link] = OUTSIDE_LIBRARY
        listing.files.extend(
            os.path.join(parent, name)  # noqa: PTH118  Paths would take longer than the walk itself
            for name in sorted(names)
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes  # noqa: PTH122
        )
    return listing


def library_root(folder: str, roots: list[str]) -> str:
    """Return the nearest known root that contains a folder, or the folder itself."""
    if Path(folder).is_file():
        folder = str(Path(folder).parent)
    containing = [root for root in roots if contains((root,), folder)]
    return max(containing, key=len, default=folder)


def cause_of(error: OSError) -> Cause:
    """Return why a file cannot be opened."""
    if isinstance(error, OutsideLibrary):
        return OUTSIDE_LIBRARY
    return Cause(f"The file cannot be read: {error.strerror}.", FailureKind.UNREADABLE)


@dataclass(frozen=True, slots=True)
class ScanFailures:
    """Records the files of a scan that are neither tracks nor pictures, in its job and in the list of failures."""

    catalogue: Catalogue
    job_id: str
    kind: JobKind
    root: str

    def add(self, path: str, cause: Cause) -> None:
        """Record a file."""
        self.catalogue.failures.add(path, self.kind, self.root, cause)
        self.catalogue.jobs.add_failure(self.job_id, path, cause.reason, cause.kind)


@dataclass(slots=True)
class _Scan:
    catalogue: Catalogue
    queue: TaskQueue
    job_id: str
    root: str
    roots: Roots
    unchanged: int = 0
    other_covers: list[str] = field(default_factory=list)
    """Tracks beside whose unchanged files another picture lies than before."""

    def add_file(self, path: str, known: KnownFile | None) -> None:
        """Register one file; record a failure of the job if it is not a track."""
        try:
            stamp = _stamp(path, self.root, self.roots)
            if known is not None and known.is_unchanged(stamp):
                self._add_known_file(known)
                return
            self._add_new_file(path)
        except OSError as error:
            self.failures.add(path, cause_of(error))
        except UnsupportedAudio as error:
            self.failures.add(path, Cause(error.detail, FailureKind.UNSUPPORTED))

    @property
    def failures(self) -> ScanFailures:
        """Where files are recorded that are no tracks."""
        return ScanFailures(self.catalogue, self.job_id, JobKind.SCAN, self.root)

    def _add_new_file(self, path: str) -> None:
        opened, _ = open_inside(path, self.root, self.roots)
        with opened:
            stamp = _stamp_of(os.fstat(opened.fileno()), path, self.root)
            self._register(identify(opened).track_id, stamp, opened)

    def _add_known_file(self, known: KnownFile) -> None:
        # The file is back, for example on a mounted disk, or this version of Segue reads more tags.
        if known.status == TrackStatus.MISSING or known.tags_version < TAGS_VERSION:
            opened, _ = open_inside(known.stamp.path, self.root, self.roots)
            with opened:
                self._register(known.track_id, known.stamp, opened)
            return
        if known.status != TrackStatus.READY:
            self.catalogue.jobs.add_track(self.job_id, known.stamp.path, known.track_id)
            return
        if known.cover_seen not in (None, fingerprint_beside(known.stamp.path)):
            self.other_covers.append(known.track_id)
        self.unchanged += 1
        if self.unchanged % PROGRESS_STEP == 0:
            self.catalogue.jobs.advance(self.job_id, self.unchanged)

    def _register(self, track_id: str, stamp: FileStamp, opened: BinaryIO) -> None:
        path = Path(stamp.path)
        tags = read_tags(opened, path.suffix, fallback_title=path.stem)
        registered = self.catalogue.library.register(track_id, tags, stamp)
        self.catalogue.jobs.add_track(self.job_id, stamp.path, track_id)
        if registered.status == TrackStatus.PENDING:
            send_analysis(self.queue, track_id)


def send_analysis(queue: TaskQueue, track_id: str) -> None:
    """Send an analysis task. Without a broker the track stays pending until `resend_lost_work` sends it again."""
    try:
        queue.analyse(track_id)
    except BrokerUnavailable as error:
        log.warning("analysis_not_sent", track_id=track_id, reason=error.detail)


def _send_covers(queue: TaskQueue) -> None:
    try:
        queue.covers()
    except BrokerUnavailable as error:
        log.warning("covers_task_not_sent", reason=error.detail)  # the scheduler sends it within a minute


def _stamp(path: str, root: str, roots: Roots) -> FileStamp:
    if not _is_inside(path, root) or not contains(roots, os.path.realpath(path)):
        raise OutsideLibrary(errno.EACCES, "The file lies outside the library", path)
    return _stamp_of(Path(path).stat(), path, root)


def _stamp_of(found: os.stat_result, path: str, root: str) -> FileStamp:
    if not stat.S_ISREG(found.st_mode):
        raise UnsupportedAudio("The path is a pipe, socket or device, not an audio file")
    return FileStamp(path=path, root=root, size=found.st_size, mtime_ns=found.st_mtime_ns)


def _is_inside(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(root.rstrip("/") + "/")


def missing_files(known: Iterable[str], folder: str, listing: Listing) -> list[str]:
    """Return the known files that the walk would have found if they existed."""
    present = set(listing.files)
    not_walked = tuple(path.rstrip("/") + "/" for path in listing.unreadable)
    return [
        path
        for path in known
        if path not in present
        and not path.startswith(not_walked)
        and not any(part.startswith(".") for part in Path(path).relative_to(folder).parts)
    ]
