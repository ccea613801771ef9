"""Take one file into the library: register it as a track, or record why it is none."""

import errno
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import structlog

from services.catalog import Catalogue
from services.catalog.library import FileStamp, KnownFile
from services.domain.errors import AudioNotRead, UnsupportedAudio
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.track import TAGS_VERSION, TrackStatus
from services.ingest.covers import fingerprint_beside
from services.ingest.identity import identify
from services.ingest.listing import OUTSIDE_LIBRARY, FileState
from services.ingest.roots import OutsideLibrary, Roots, contains, open_inside
from services.ingest.tags import read_tags
from services.quotas.room import Room
from services.tasks.queue import TaskQueue, Urgency
from services.tasks.turns import keep_filled, request_analysis

# Unchanged files per progress update: a transaction for each would be the slowest part of a rescan.
PROGRESS_STEP = 2000

# A request to the broker for each file would be a large part of the time of a scan.
TOP_UP_SECONDS = 1.0

log = structlog.get_logger()


DELETED = Cause("Its track was deleted from the library. Scan this file itself to take it again.", FailureKind.LEFT_OUT)


class StillWritten(OSError):  # noqa: N818
    """A file was written while it was read."""


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
class Intake:
    """Takes the files of one job."""

    catalogue: Catalogue
    queue: TaskQueue
    job_id: str
    root: str
    """The library root of the files."""
    roots: Roots
    urgency: Urgency = Urgency.BULK
    unchanged: int = 0
    takes_deleted: bool = False
    """Whether files of tracks that a client deleted are taken again."""
    top_up_at: float = 0.0
    """When analyses are sent next, on the monotonic clock."""
    room: Room | None = None
    """The room that the libraries of the files have; without it none is full."""
    other_covers: list[str] = field(default_factory=list)
    """Tracks beside whose unchanged files another picture lies than before."""

    def add_file(self, path: str, state: FileState | None, known: KnownFile | None) -> None:
        """Register one file; record a failure of the job if it is not a track.

        Raises:
            StillWritten: the file changed while it was read. It is not registered.
        """
        try:
            stamp = _stamp(path, self.root, self.roots) if state is None else FileStamp(path, self.root, *state)
            if known is not None and known.is_unchanged(stamp):
                self._add_known_file(known)
                return
            if known is None and self.room is not None and self.room.is_full(path):
                self._count_unchanged()
                return
            self._add_new_file(path)
            if known is None and self.room is not None:
                self.room.take(path)
        except StillWritten:
            raise
        except OSError as error:
            self.failures.add(path, cause_of(error))
        except AudioNotRead as error:
            log.exception("audio_not_read", path=path)
            self.failures.add(path, Cause(error.detail, FailureKind.DEFECT))
        except UnsupportedAudio as error:
            self.failures.add(path, Cause(error.detail, error.kind))

    @property
    def failures(self) -> ScanFailures:
        """Where files are recorded that are no tracks."""
        return ScanFailures(self.catalogue, self.job_id, JobKind.SCAN, self.root)

    def _add_new_file(self, path: str) -> None:
        opened, _ = open_inside(path, self.root, self.roots)
        with opened:
            stamp = _stamp_of(os.fstat(opened.fileno()), path, self.root)
            try:
                track_id = self.catalogue.library.id_of(identify(opened).track_id, path)
            finally:
                if _stamp_of(os.fstat(opened.fileno()), path, self.root) != stamp:
                    raise StillWritten(errno.EAGAIN, "The file is being written", path)
            if not self.takes_deleted and self.catalogue.library.is_deleted(track_id, path):
                self.failures.add(path, DELETED)
                return
            self._register(track_id, stamp, opened)

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
        self._count_unchanged()

    def _count_unchanged(self) -> None:
        self.unchanged += 1
        if self.unchanged % PROGRESS_STEP == 0:
            self.catalogue.jobs.advance(self.job_id, self.unchanged)

    def report_left_out(self, folder: str) -> None:
        """Record the files of the job's folder that were left out, with one failure for each folder of a library."""
        for path, cause in ({} if self.room is None else self.room.causes(folder)).items():
            self.unchanged -= 1  # the failure stands for one of them
            self.failures.add(path, cause)

    def _register(self, track_id: str, stamp: FileStamp, opened: BinaryIO) -> None:
        path = Path(stamp.path)
        tags = read_tags(opened, fallback_title=path.stem)
        registered = self.catalogue.library.register(track_id, tags, stamp)
        self.catalogue.jobs.add_track(self.job_id, stamp.path, track_id)
        if not registered.is_new:  # the file may have been moved, also while its root is watched
            others = self.catalogue.library.copies(stamp.path, track_id)
            self.catalogue.library.forget_files([other for other in others if not os.path.lexists(other)])
        if registered.status == TrackStatus.PENDING:
            is_played = registered.waiting_listens > 0
            urgency = min(self.urgency, Urgency.PLAYED) if is_played else self.urgency
            request_analysis(self.catalogue, self.queue, track_id, registered.library, urgency)
            self._top_up()

    def _top_up(self) -> None:
        """Send waiting analyses from time to time: workers that analyse do so as well, but none may do so yet."""
        if time.monotonic() >= self.top_up_at:
            keep_filled(self.catalogue, self.queue)
            self.top_up_at = time.monotonic() + TOP_UP_SECONDS


def _stamp(path: str, root: str, roots: Roots) -> FileStamp:
    real = os.path.realpath(path)
    if not contains((root,), real) or not contains(roots, real):
        raise OutsideLibrary(errno.EACCES, "The file lies outside the library", path)
    return _stamp_of(Path(path).stat(), path, root)


def _stamp_of(found: os.stat_result, path: str, root: str) -> FileStamp:
    if not stat.S_ISREG(found.st_mode):
        raise UnsupportedAudio("The path is a pipe, socket or device, not an audio file")
    return FileStamp(path=path, root=root, size=found.st_size, mtime_ns=found.st_mtime_ns)
