"""Scan a folder for pictures: register and read each new one, and record which are gone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.folders import ABSENT
from services.catalog.library import FileStamp
from services.catalog.pictures import KnownPicture
from services.domain.errors import PathNotScannable, ReaderUnavailable, UnusablePicture
from services.domain.failure import Cause, FailureKind
from services.domain.job import JobKind
from services.domain.picture import PictureReading, PictureStatus
from services.ingest.identity import picture_id_of
from services.ingest.intake import PROGRESS_STEP, ScanFailures, cause_of
from services.ingest.listing import PICTURE_SUFFIXES, list_files
from services.ingest.presence import absent_folders
from services.ingest.roots import Roots, check_inside, open_inside
from services.ingest.scan import ScanRules, root_of_scan

# One or two crashes may have an outside cause, such as a lack of memory; after the third the picture is the likely one.
MAX_ATTEMPTS = 3
CRASHED = Cause(f"The reading was started {MAX_ATTEMPTS} times and never ended.", FailureKind.CRASHED)


class PictureReader(Protocol):
    """Reads pictures; a worker implements it, because it needs torch."""

    @property
    def version(self) -> str:
        """The model version of the readings."""

    def read(self, descriptor: int) -> PictureReading:
        """Read an open file.

        Raises:
            UnusablePicture: it is not a picture in a supported format, is damaged, too large or without a direction.
            ReaderUnavailable: no picture can be read at present.
        """


def run_picture_scan(catalogue: Catalogue, job_id: str, reader: PictureReader, rules: ScanRules | None = None) -> None:
    """Run a scan job for pictures. Repeating it is safe, also after a crash: pictures that are read are skipped.

    A pause of the analysis ends the run before the next picture; the job is unfinished and runs again afterwards.

    Raises:
        JobNotFound: no job has this id.
        ReaderUnavailable: pictures cannot be read at present; the job is unfinished.
    """
    rules = rules or ScanRules()
    folder = catalogue.jobs.path(job_id)
    try:
        check_inside(folder, rules.roots)
    except PathNotScannable as error:
        catalogue.jobs.fail(job_id, error.detail)
        return
    root = root_of_scan(folder, catalogue.pictures.roots(), rules)
    listing = list_files(folder, PICTURE_SUFFIXES, root, rules.choice)
    started = now()
    known = catalogue.pictures.known_files(folder)
    for path in absent_folders(listing, root, known, catalogue.folders.mounts()):
        listing.unreadable[path] = ABSENT  # its pictures stay
    catalogue.jobs.begin(job_id, total=len(listing.files) + len(listing.unreadable))
    scan = _Scan(catalogue, job_id, reader, root, rules.roots)
    for path, cause in listing.unreadable.items():
        scan.failures.add(path, cause)
    for path in listing.files:
        if catalogue.pause.began_at() is not None:
            return
        scan.add_file(path, known.get(path))
    missing = listing.missing((path, picture.stamp.root) for path, picture in known.items())
    catalogue.pictures.forget_files(missing)
    catalogue.failures.forget(folder, JobKind.PICTURES, before=started)
    catalogue.jobs.complete_listing(job_id, scan.done)


@dataclass(slots=True)
class _Scan:
    catalogue: Catalogue
    job_id: str
    reader: PictureReader
    root: str
    roots: Roots
    done: int = 0

    def add_file(self, path: str, known: KnownPicture | None) -> None:
        """Register one file and read it if it is new; record a failure of the job if it cannot be read."""
        try:
            cause = self._cause(known) if self._is_settled(path, known) else self._add(path)
        except OSError as error:
            self.failures.add(path, cause_of(error))
            return
        if cause is not None:
            self.catalogue.jobs.add_failure(self.job_id, path, cause.reason, cause.kind)
            return
        self.done += 1
        if self.done % PROGRESS_STEP == 0:
            self.catalogue.jobs.advance(self.job_id, self.done)

    def _is_settled(self, path: str, known: KnownPicture | None) -> bool:
        """Return whether the file has not changed and its picture needs no reading."""
        if known is None or known.status == PictureStatus.PENDING:
            return False
        found = Path(path).stat()
        return known.is_unchanged(FileStamp(path, self.root, found.st_size, found.st_mtime_ns))

    @property
    def failures(self) -> ScanFailures:
        """Where files are recorded that are no pictures."""
        return ScanFailures(self.catalogue, self.job_id, JobKind.PICTURES, self.root)

    def _cause(self, known: KnownPicture | None) -> Cause | None:
        return None if known is None else known.failure

    def _add(self, path: str) -> Cause | None:
        """Register a file and read its picture if necessary; return why it cannot be read, or None."""
        pictures = self.catalogue.pictures
        opened, _ = open_inside(path, self.root, self.roots)
        with opened:
            found = os.fstat(opened.fileno())
            picture_id = picture_id_of(opened)
            stamp = FileStamp(path, self.root, found.st_size, found.st_mtime_ns)
            registered = pictures.register(picture_id, stamp, self.reader.version)
            if registered.status != PictureStatus.PENDING:
                return registered.failure
            if registered.attempts > MAX_ATTEMPTS:
                pictures.refuse(picture_id, CRASHED.reason, CRASHED.kind)
                return CRASHED
            try:
                reading = self.reader.read(opened.fileno())
            except UnusablePicture as error:
                pictures.refuse(picture_id, error.detail, error.kind)
                return Cause(error.detail, error.kind)
            except ReaderUnavailable:
                pictures.release(picture_id)
                raise
        pictures.record(picture_id, reading)
        self.catalogue.jobs.advance(self.job_id, self.done)
        return None
