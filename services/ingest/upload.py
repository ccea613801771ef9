"""Store an uploaded audio file under its track id, never under the client's file name."""

import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.catalog.tenancy import libraries, limited_to
from services.domain.errors import AudioNotRead, LibraryFull, UploadTooLarge
from services.domain.job import JobKind
from services.domain.track import Tags, TrackStatus
from services.ingest.identity import identify
from services.ingest.tags import read_tags
from services.quotas.room import free_bytes
from services.storage.disk import check_free_space, storage_errors, sync
from services.tasks.queue import TaskQueue, Urgency
from services.tasks.turns import keep_filled, request_analysis

READ_BYTES = 1 << 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes that a client sent, and its file name, which serves only as a fallback title."""

    stream: BinaryIO
    filename: str


def store_upload(  # noqa: PLR0913  each says something else about the upload
    catalogue: Catalogue, queue: TaskQueue, upload: Upload, *, folder: Path, max_bytes: int, library: str | None = None
) -> str:
    """Store an uploaded audio file durably, register its track in a library, and return the job's id.

    Raises:
        UnsupportedAudio: the bytes are not audio in a supported format.
        AudioNotRead: the parser of the format failed in an unexpected way.
        UploadTooLarge: the file has more than `max_bytes` bytes.
        LibraryFull: the library has no room for another track, or for this many bytes.
        StorageFull, StorageUnavailable: the file cannot be written; no part of it stays on the disk.
    """
    free = max_bytes
    if library is not None:
        free = free_bytes(catalogue, library, folder)
        folder /= blake2b(library.encode(), digest_size=16).hexdigest()
        catalogue.libraries.take_uploads(library, str(folder))
    with storage_errors(folder):
        try:
            stored, track_id, tags = _store(catalogue, upload, folder, min(max_bytes, free))
        except UploadTooLarge as error:
            if free >= max_bytes:
                raise
            raise LibraryFull(f"The quota of the library leaves {free} bytes for uploads. Remove some.") from error
    with limited_to(None):  # the track may belong to another library already
        try:
            return _register(catalogue, queue, stored, track_id, tags)
        except LibraryFull:  # others have taken the room meanwhile
            with storage_errors(folder):
                stored.unlink(missing_ok=True)
            raise


def delete_track(catalogue: Catalogue, track_id: str, folder: Path) -> None:
    """Let a track leave the library. Its files stay, except the copy of an upload in `folder`.

    A request that is limited to libraries lets it leave these libraries only.

    Raises:
        StorageUnavailable: the copy cannot be deleted.
    """
    own = libraries()
    with limited_to(None):  # the track goes when its last file does, whoever had it
        paths = catalogue.library.delete(track_id, own)
    uploaded = [path for each in paths if (path := Path(each)).is_relative_to(folder)]
    with storage_errors(folder):
        for path in uploaded:
            path.unlink(missing_ok=True)


def _store(catalogue: Catalogue, upload: Upload, folder: Path, max_bytes: int) -> tuple[Path, str, Tags]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_free_space(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False) as file:
        received = Path(file.name)
        content = cast("BinaryIO", file)
        try:
            _copy(upload.stream, content, max_bytes)
            identity = identify(content)
            tags = read_tags(content, fallback_title=Path(upload.filename.replace("\\", "/")).stem)
            track_id = catalogue.library.id_of(identity.track_id, str(folder))
            stored = folder / f"{track_id}{identity.suffix}"
            received.replace(stored)
        except BaseException as error:
            if isinstance(error, AudioNotRead):
                log.exception("audio_not_read", filename=upload.filename)
            received.unlink(missing_ok=True)
            raise
    sync(folder)
    return stored, track_id, tags


def _register(catalogue: Catalogue, queue: TaskQueue, stored: Path, track_id: str, tags: Tags) -> str:
    found = stored.stat()
    stamp = FileStamp(path=str(stored), root=str(stored.parent), size=found.st_size, mtime_ns=found.st_mtime_ns)
    registered = catalogue.library.register(track_id, tags, stamp, within_quota=True)
    job_id = catalogue.jobs.create(JobKind.UPLOAD, str(stored))
    catalogue.jobs.begin(job_id, total=1)
    catalogue.jobs.add_track(job_id, str(stored), track_id)
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    if registered.status == TrackStatus.PENDING:
        request_analysis(catalogue, queue, track_id, registered.library, Urgency.NEW)
        keep_filled(catalogue, queue)
    return job_id


def _copy(source: BinaryIO, target: BinaryIO, max_bytes: int) -> None:
    received = 0
    while data := source.read(READ_BYTES):
        received += len(data)
        if received > max_bytes:
            raise UploadTooLarge(max_bytes)
        target.write(data)
    target.flush()
    os.fsync(target.fileno())
