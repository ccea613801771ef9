"""Scanning a folder: every audio file in it becomes a track, once, and what is gone is forgotten."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog

from services.catalog import Catalogue
from services.catalog.library import FileStamp, KnownFile
from services.domain.errors import BrokerUnavailable, PathNotScannable, UnsupportedAudio
from services.domain.job import JobKind
from services.domain.track import TrackStatus
from services.ingest.identity import identify
from services.ingest.roots import Roots, check_inside, holds
from services.ingest.safe_open import LeadsOut, open_inside
from services.ingest.tags import read_tags
from services.tasks.queue import TaskQueue

AUDIO_SUFFIXES = frozenset({".mp3", ".flac", ".ogg", ".oga", ".opus", ".wav"})
# Music that Segue cannot decode is named as a failure, so that its owner knows why it is missing.
UNSUPPORTED_SUFFIXES = frozenset(
    {".m4a", ".m4b", ".mp4", ".aac", ".wma", ".ape", ".wv", ".mpc", ".tta", ".aif", ".aiff", ".dsf", ".dff", ".mka"}
)
LEADS_OUT = "A link that leads out of the library: scan the folder that it leads to."
# Unchanged files are counted in steps: one transaction a file would be the slowest part of a rescan.
PROGRESS_STEP = 500

log = structlog.get_logger()


@dataclass(slots=True)
class Listing:
    """What a walk over a folder found."""

    files: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    """Folders that could not be listed, each with the reason."""


def request_scan(catalogue: Catalogue, queue: TaskQueue, path: str, roots: Roots = None) -> str:
    """Queue a scan of a folder or file inside the roots and answer the job's id.

    Raises:
        PathNotScannable: the path is not absolute, lies outside of the roots, does not exist or cannot be read.
        BrokerUnavailable: no worker can be told; the job is recorded as failed.
    """
    if "\0" in path or not Path(path).is_absolute():
        raise PathNotScannable(f"'{path}' is not an absolute path.")
    check_inside(path, roots)
    real = os.path.realpath(path)
    if not Path(real).exists():
        raise PathNotScannable(f"'{path}' does not exist on the machine that Segue runs on.")
    if not os.access(real, os.R_OK | (os.X_OK if Path(real).is_dir() else 0)):
        raise PathNotScannable(f"'{path}' cannot be read: permission denied.")
    job_id = catalogue.jobs.create(JobKind.SCAN, real)
    try:
        queue.scan(job_id)
    except BrokerUnavailable as error:
        catalogue.jobs.fail(job_id, error.detail)
        raise
    return job_id


def run_scan(catalogue: Catalogue, queue: TaskQueue, job_id: str, roots: Roots = None) -> None:
    """Carry out a scan job: safe to repeat, at once or after a crash. One that leads out of the roots by now fails.

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
    catalogue.jobs.begin(job_id, total=len(listing.files) + len(listing.unreadable))
    for path, reason in listing.unreadable.items():
        catalogue.jobs.add_failure(job_id, path, reason)
    known = catalogue.library.known_files(folder)
    # A root of an earlier scan counts only if it may be scanned now: links are followed as far as the root reaches.
    allowed = [root for root in catalogue.library.roots() if holds(roots, os.path.realpath(root))]
    scan = _Scan(catalogue, queue, job_id, library_root(folder, allowed), roots)
    for path in listing.files:
        scan.take(path, known.get(path))
    catalogue.library.forget_files(_gone(known, folder, listing))
    catalogue.jobs.complete_listing(job_id, scan.unchanged)


def list_audio(folder: str) -> Listing:
    """Find the audio files at or under a path, in a stable order; hidden files are left alone."""
    if Path(folder).is_file():
        return Listing(files=[folder])
    listing = Listing()

    def note(error: OSError) -> None:
        reason = f"The folder cannot be listed: {error.strerror}."
        listing.unreadable[os.fspath(error.filename)] = reason

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for link in filter(os.path.islink, (os.path.join(parent, name) for name in folders)):  # noqa: PTH118
            if not _is_inside(link, folder):  # one that stays inside leads to what the walk finds anyway
                listing.unreadable[link] = LEADS_OUT
        listing.files.extend(
            os.path.join(parent, name)  # noqa: PTH118  a Path would cost more than the walk itself
            for name in sorted(names)
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES | UNSUPPORTED_SUFFIXES  # noqa: PTH122
        )
    return listing


def library_root(folder: str, roots: list[str]) -> str:
    """The nearest known root that a folder lies in, or the folder itself."""
    if Path(folder).is_file():
        folder = str(Path(folder).parent)
    around = [root for root in roots if folder == root or folder.startswith(root.rstrip("/") + "/")]
    return max(around, key=len, default=folder)


@dataclass(slots=True)
class _Scan:
    catalogue: Catalogue
    queue: TaskQueue
    job_id: str
    root: str
    roots: Roots
    unchanged: int = 0

    def take(self, path: str, known: KnownFile | None) -> None:
        """Take one file in; one that gives no track is a failure of the job, with its reason."""
        try:
            stamp = _stamp(path, self.root, self.roots)
            if known is not None and known.is_unchanged(stamp):
                self._take_known(known)
                return
            self._take_new(path)
        except LeadsOut:
            self.catalogue.jobs.add_failure(self.job_id, path, LEADS_OUT)
        except OSError as error:
            self.catalogue.jobs.add_failure(self.job_id, path, f"The file cannot be read: {error.strerror}.")
        except UnsupportedAudio as error:
            self.catalogue.jobs.add_failure(self.job_id, path, error.detail)

    def _take_new(self, path: str) -> None:
        opened, _ = open_inside(path, self.root, self.roots)
        with opened:
            stamp = _stamp_of(os.fstat(opened.fileno()), path, self.root)
            self._take_track(identify(opened).track_id, stamp, opened)

    def _take_known(self, known: KnownFile) -> None:
        if known.status == TrackStatus.MISSING:  # the disk is mounted again
            opened, _ = open_inside(known.stamp.path, self.root, self.roots)
            with opened:
                self._take_track(known.track_id, known.stamp, opened)
            return
        if known.status != TrackStatus.READY:
            self.catalogue.jobs.add_track(self.job_id, known.stamp.path, known.track_id)
            return
        self.unchanged += 1
        if self.unchanged % PROGRESS_STEP == 0:
            self.catalogue.jobs.advance(self.job_id, self.unchanged)

    def _take_track(self, track_id: str, stamp: FileStamp, opened: BinaryIO) -> None:
        path = Path(stamp.path)
        tags = read_tags(opened, path.suffix, fallback_title=path.stem)
        registered = self.catalogue.library.register(track_id, tags, stamp)
        self.catalogue.jobs.add_track(self.job_id, stamp.path, track_id)
        if registered.status == TrackStatus.PENDING:
            send_analysis(self.queue, track_id)


def send_analysis(queue: TaskQueue, track_id: str) -> None:
    """Ask for an analysis; without a broker the track stays pending until `resend_lost_work` asks again."""
    try:
        queue.analyse(track_id)
    except BrokerUnavailable as error:
        log.warning("analysis_not_sent", track_id=track_id, reason=error.detail)


def _stamp(path: str, root: str, roots: Roots) -> FileStamp:
    if not _is_inside(path, root) or not holds(roots, os.path.realpath(path)):
        raise UnsupportedAudio(LEADS_OUT)
    return _stamp_of(Path(path).stat(), path, root)


def _stamp_of(found: os.stat_result, path: str, root: str) -> FileStamp:
    if not stat.S_ISREG(found.st_mode):
        raise UnsupportedAudio("Not a regular file.")
    return FileStamp(path=path, root=root, size=found.st_size, mtime_ns=found.st_mtime_ns)


def _is_inside(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(root.rstrip("/") + "/")


def _gone(known: dict[str, KnownFile], folder: str, listing: Listing) -> list[str]:
    """Known files that the walk would have found if they were there."""
    present = set(listing.files)
    unseen = tuple(path.rstrip("/") + "/" for path in listing.unreadable)
    return [
        path
        for path in known
        if path not in present
        and not path.startswith(unseen)
        and not any(part.startswith(".") for part in Path(path).relative_to(folder).parts)
    ]
