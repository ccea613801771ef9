"""Scan a folder for pictures: register and read each new one, and record which are gone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.catalog.pictures import KnownPicture
from services.domain.errors import PathNotScannable, ReaderUnavailable, UnusablePicture
from services.domain.picture import PictureReading, PictureStatus
from services.ingest.identity import picture_id_of
from services.ingest.roots import OutsideLibrary, Roots, check_inside, contains, open_inside
from services.ingest.scan import (
    OUTSIDE_LIBRARY,
    PICTURE_SUFFIXES,
    PROGRESS_STEP,
    library_root,
    list_files,
    missing_files,
)

# One or two crashes may have an outside cause, such as a lack of memory; after the third the picture is the likely one.
MAX_ATTEMPTS = 3
CRASHED = f"The reading was started {MAX_ATTEMPTS} times and never ended."


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


def run_picture_scan(catalogue: Catalogue, job_id: str, reader: PictureReader, roots: Roots = None) -> None:
    """Run a scan job for pictures. Repeating it is safe, also after a crash: pictures that are read are skipped.

    Raises:
        JobNotFound: no job has this id.
        ReaderUnavailable: pictures cannot be read at present; the job is unfinished.
    """
    folder = catalogue.jobs.path(job_id)
    try:
        check_inside(folder, roots)
    except PathNotScannable as error:
        catalogue.jobs.fail(job_id, error.detail)
        return
    listing = list_files(folder, PICTURE_SUFFIXES)
    catalogue.jobs.begin(job_id, total=len(listing.files) + len(listing.unreadable))
    for path, reason in listing.unreadable.items():
        catalogue.jobs.add_failure(job_id, path, reason)
    known = catalogue.pictures.known_files(folder)
    allowed = [root for root in catalogue.pictures.roots() if contains(roots, os.path.realpath(root))]
    scan = _Scan(catalogue, job_id, reader, library_root(folder, allowed), roots)
    for path in listing.files:
        scan.add_file(path, known.get(path))
    catalogue.pictures.forget_files(missing_files(known, folder, listing))
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
            reason = self._reason(known) if self._is_settled(path, known) else self._add(path)
        except OutsideLibrary:
            reason = OUTSIDE_LIBRARY
        except OSError as error:
            reason = f"The file cannot be read: {error.strerror}."
        if reason is not None:
            self.catalogue.jobs.add_failure(self.job_id, path, reason)
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

    def _reason(self, known: KnownPicture | None) -> str | None:
        return None if known is None else known.reason

    def _add(self, path: str) -> str | None:
        """Register a file and read its picture if necessary; return why it cannot be read, or None."""
        pictures = self.catalogue.pictures
        opened, _ = open_inside(path, self.root, self.roots)
        with opened:
            found = os.fstat(opened.fileno())
            picture_id = picture_id_of(opened)
            stamp = FileStamp(path, self.root, found.st_size, found.st_mtime_ns)
            registered = pictures.register(picture_id, stamp, self.reader.version)
            if registered.status != PictureStatus.PENDING:
                return registered.reason
            if registered.attempts > MAX_ATTEMPTS:
                pictures.refuse(picture_id, CRASHED)
                return CRASHED
            try:
                reading = self.reader.read(opened.fileno())
            except UnusablePicture as error:
                pictures.refuse(picture_id, error.detail)
                return error.detail
            except ReaderUnavailable:
                pictures.release(picture_id)
                raise
        pictures.record(picture_id, reading)
        self.catalogue.jobs.advance(self.job_id, self.done)
        return None
