"""Build the status of the service: of a running one, and of its catalogue alone for the command line."""

import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import structlog

from models.ffmpeg import find_ffmpeg
from services.api.schemas.status import (
    Analysis,
    Disk,
    Folder,
    IndexBuild,
    IndexStatus,
    SpaceStatus,
    Status,
    WorkerStatus,
)
from services.catalog import Catalogue
from services.domain.access import Principal, Scope
from services.domain.errors import BrokerUnavailable, IndexUnavailable, SegueError
from services.domain.failure import FailureKind
from services.domain.track import TrackStatus
from services.settings import Settings
from services.storage.disk import MIN_FREE_BYTES, disk_usage, folder_bytes
from services.tasks.queue import ANALYSE_TASK, ROUTES

if TYPE_CHECKING:
    from services.composition import Services  # the command line needs none of it

# The size of the data directory changes slowly, and a walk over many uploads takes time.
SIZE_SECONDS = 60

log = structlog.get_logger(__name__)


def status_of(current: "Services", asked_by: Principal) -> Status:
    """Return the status for a client. Only `admin` sees the data directory, and only `ingest` the paths of folders.

    A key that is bound to libraries sees their figures, and not those of the disk.
    """
    status = status_of_catalogue(current.catalogue, current.settings)
    is_admin, may_scan = asked_by.has_any(()), asked_by.has_any((Scope.INGEST,))
    workers, question_processes, watched = _count_workers(current)
    return status.model_copy(
        update={
            "data_dir": status.data_dir if is_admin else None,
            "folders": [
                each
                if is_admin or (may_scan and not _is_below(each.path, current.settings.uploads_path))
                else _named(each)
                for each in status.folders
            ],
            "index": IndexStatus(
                kind=current.index_kind,
                points=_count_points(current),
                pending=status.index.pending,
                silent_nodes=current.index.silent_nodes() if is_admin else [],
                build=_told(status.index.build, is_admin=is_admin),
            ),
            "disk": status.disk if asked_by.libraries is None else None,
            "workers": workers,
            "question_processes": question_processes,
            "watched": watched,
            "ffmpeg": _version_of_ffmpeg(workers) if workers else status.ffmpeg,
        }
    )


def status_of_catalogue(catalogue: Catalogue, settings: Settings) -> Status:
    """Return what the catalogue knows; points of the index and workers are unknown."""
    tracks, spaces = catalogue.tracks.count_by_status(), catalogue.spaces.refresh()
    return Status(
        version=version("segue"),
        url=settings.service_url,
        data_dir=str(settings.data_path),
        model_version=spaces.served or catalogue.progress.model_version(),
        spaces=[SpaceStatus.of(space) for space in catalogue.space_store.all()] if spaces.others else [],
        tracks={status.value: count for status, count in tracks.items()},
        pictures={status.value: count for status, count in catalogue.progress.count_pictures().items()},
        failures=catalogue.failures.count_files(),
        left_out=catalogue.failures.count_files(FailureKind.LEFT_OUT),
        analysis=analysis_of(catalogue, tracks[TrackStatus.PENDING]),
        index=IndexStatus(
            kind="embedded" if settings.qdrant_url is None else "server",
            points=None,
            pending=catalogue.indexing.count_pending(),
            build=_build(catalogue),
        ),
        workers=None,
        question_processes=None,
        watched=None,
        ffmpeg=ffmpeg.version if (ffmpeg := find_ffmpeg()) else None,
        folders=[Folder.model_validate(each, from_attributes=True) for each in catalogue.progress.folders()],
        disk=_disk(settings.data_path),
    )


def _build(catalogue: Catalogue) -> IndexBuild | None:
    builds = [each for each in catalogue.index_builds.all() if each.is_running or each.problem]
    return IndexBuild.of(builds[-1]) if builds else None  # that of tracks, after pictures


def _told(build: IndexBuild | None, *, is_admin: bool) -> IndexBuild | None:
    """Return a build without paths of the server for those who must not see them."""
    if build is None or build.problem is None or is_admin:
        return build
    return build.model_copy(update={"problem": "It failed or was refused; keys with `admin` see why."})


def analysis_of(catalogue: Catalogue, waiting: int) -> Analysis:
    """Return the progress of the analysis, with `waiting` pending tracks."""
    return Analysis.of(
        waiting=waiting,
        unread=catalogue.jobs.count_unread(),
        pause=catalogue.pause.current(),
        per_minute=catalogue.progress.rate().per_minute,
    )


def _count_workers(current: "Services") -> tuple[list[WorkerStatus] | None, int | None, bool | None]:
    try:
        alive = current.workers.alive()
        questions = current.questions.count_processes()
        watched = current.workers.is_watched()
    except BrokerUnavailable as error:
        log.warning("workers_not_counted", reason=error.detail)
        return None, None, None
    return (
        [
            WorkerStatus(name=each.name, queues=list(each.queues), processes=each.processes, ffmpeg=each.ffmpeg)
            for each in alive
        ],
        questions,
        watched,
    )


def _version_of_ffmpeg(workers: list[WorkerStatus]) -> str | None:
    analysing = [worker for worker in workers if ROUTES[ANALYSE_TASK]["queue"] in worker.queues]
    return next((worker.ffmpeg for worker in analysing if worker.ffmpeg), None)


def _count_points(current: "Services") -> int | None:
    try:
        return current.index.count()
    except IndexUnavailable as error:
        log.warning("index_not_counted", reason=error.detail)
        return None


def _is_below(path: str, folder: Path) -> bool:
    return PurePath(path).is_relative_to(folder)


def _named(folder: Folder) -> Folder:
    return folder.model_copy(update={"path": PurePath(folder.path).name})


def _disk(folder: Path) -> Disk | None:
    try:
        total, free = disk_usage(folder)
        data = _data_bytes(folder, int(time.monotonic() // SIZE_SECONDS))
    except SegueError as error:
        log.warning("disk_not_read", reason=error.detail)
        return None
    return Disk(total=total, free=free, needed=MIN_FREE_BYTES, data=data)


@lru_cache(maxsize=1)
def _data_bytes(folder: Path, period: int) -> int:
    del period  # a new one is a new key of the cache
    return folder_bytes(folder)
