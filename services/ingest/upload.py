"""Taking an upload: stored under the id of its audio, never under the client's name."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.errors import UploadTooLarge
from services.domain.job import JobKind
from services.domain.track import TrackStatus
from services.ingest.identity import identify
from services.ingest.scan import send_analysis
from services.ingest.tags import read_tags
from services.storage.disk import check_free_space, storage_errors, sync
from services.tasks.queue import TaskQueue

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """What a client sent, and the name it gave it, which is used as a title at most."""

    stream: BinaryIO
    filename: str


def take_upload(catalogue: Catalogue, queue: TaskQueue, upload: Upload, *, folder: Path, max_bytes: int) -> str:
    """Store an uploaded audio file durably, register its track and answer the job's id.

    Raises:
        UnsupportedAudio: the bytes are not audio in a format that Segue takes.
        UploadTooLarge: there are more than `max_bytes` of them.
        StorageFull, StorageUnavailable: the disk does not take it; nothing of it is left there.
    """
    with storage_errors(folder):
        kept, track_id = _store(upload.stream, folder, max_bytes)
    return _register(catalogue, queue, kept, track_id, upload.filename)


def _store(stream: BinaryIO, folder: Path, max_bytes: int) -> tuple[Path, str]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    check_free_space(folder)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False) as stored:
        received = Path(stored.name)
        file = cast("BinaryIO", stored)
        try:
            _copy(stream, file, max_bytes)
            identity = identify(file)
            kept = folder / f"{identity.track_id}{identity.suffix}"
            received.replace(kept)
        except BaseException:
            received.unlink(missing_ok=True)
            raise
    sync(folder)
    return kept, identity.track_id


def _register(catalogue: Catalogue, queue: TaskQueue, kept: Path, track_id: str, filename: str) -> str:
    found = kept.stat()
    stamp = FileStamp(path=str(kept), root=str(kept.parent), size=found.st_size, mtime_ns=found.st_mtime_ns)
    title = Path(filename.replace("\\", "/")).stem
    with kept.open("rb") as opened:
        tags = read_tags(opened, kept.suffix, fallback_title=title)
    registered = catalogue.library.register(track_id, tags, stamp)
    job_id = catalogue.jobs.create(JobKind.UPLOAD, str(kept))
    catalogue.jobs.begin(job_id, total=1)
    catalogue.jobs.add_track(job_id, str(kept), track_id)
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    if registered.status == TrackStatus.PENDING:
        send_analysis(queue, track_id)
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
