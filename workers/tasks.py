"""The tasks: each fetches what it needs, calls `models` or `services`, and records the outcome."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog
from celery import current_task
from celery.exceptions import SoftTimeLimitExceeded

from services.catalog.analyses import Claim, Claimant
from services.catalog.tracks import TrackFile
from services.domain.errors import BrokerUnavailable, CatalogueUnavailable, JobNotFound, StorageUnavailable
from services.domain.track import Analysis, TrackStatus
from services.index.indexer import Indexer, reconcile
from services.ingest.roots import NotARegularFile, OutsideLibrary, Roots, configured_roots, open_inside, readable_roots
from services.ingest.scan import run_scan
from services.tasks.queue import ANALYSE_TASK, INDEX_TASK, RECONCILE_INDEX_TASK, RESEND_TASK, SCAN_TASK
from workers import guard
from workers.app import (
    INDEX_HARD_LIMIT_SECONDS,
    INDEX_SOFT_LIMIT_SECONDS,
    SCAN_HARD_LIMIT_SECONDS,
    SCAN_SOFT_LIMIT_SECONDS,
    app,
)
from workers.lifecycle import ADOPT_MODEL_TASK, WORKER, ChildProcess, child
from workers.lost_work import resend_lost_work

if TYPE_CHECKING:
    from collections.abc import Mapping

GONE = "None of the files that held it can be read any more."
OUTSIDE = "The file lies outside of the folders that may be read: SEGUE_LIBRARY_ROOTS names them."
NOT_REGULAR = "Not a regular file any more: a folder, a pipe or a device took its place."

# Renewed after each step of a rebuild, of which the slowest is a few requests to Qdrant, 10 s each at most. Also how
# long a rebuild waits after the process that was at it died.
REBUILD_LEASE_SECONDS = 60.0

# Without a pause a worker that can start no decoder would take the whole queue from those that can.
SANDBOX_PAUSE_SECONDS = 2.0

log = structlog.get_logger()


@app.task(name=ANALYSE_TASK)
def analyse(track_id: str, replaces_task: str | None = None, continues_attempt: str | None = None) -> None:
    """Analyse a pending track and record what was found, or why it cannot be analysed.

    `replaces_task` is the id of a task that died and that this one replaces. `continues_attempt` is the holder of an
    attempt that failed for a reason unrelated to the track.
    """
    from models.errors import SandboxUnavailable  # noqa: PLC0415  torch belongs in the children

    process = child()
    claimant = Claimant(WORKER, str(current_task.request.id), replaces_task, continues_attempt)
    holder = continues_attempt
    try:
        claim = guard.claim(process.catalogue, track_id, claimant)
        if claim is None:
            return
        holder = claimant.name
        record(process, claim, analyse_first_readable(claim.files, readable_roots(process.settings)))
    except SoftTimeLimitExceeded:
        # Its attempt is counted and it stays pending: `resend` sends it again, `guard` ends that.
        log.warning("analysis_ran_out_of_time", track_id=track_id)
        # The claim is over, or a worker that stops soon after would give it back as if it had not been tried.
        process.catalogue.analyses.release(track_id, claimant.name)
    except SandboxUnavailable as error:
        log.warning("analysis_put_off", track_id=track_id, reason=str(error))
        process.catalogue.analyses.release_uncounted(track_id, claimant.name)  # `resend` sends it again
        time.sleep(SANDBOX_PAUSE_SECONDS)
    except (CatalogueUnavailable, StorageUnavailable) as error:
        log.warning("analysis_put_off", track_id=track_id, reason=error.detail)
        if holder is not None:  # else there is no attempt to make good, and `resend` sends it again
            _go_on_later(process, track_id, holder)


def _go_on_later(process: ChildProcess, track_id: str, holder: str) -> None:
    """Have the broker remember, for the catalogue cannot be told, that an attempt is not to count."""
    try:
        process.queue.continue_attempt(track_id, holder)
    except BrokerUnavailable as error:
        log.warning("attempt_not_made_good", track_id=track_id, reason=error.detail)


def record(process: ChildProcess, claim: Claim, outcome: "Analysis | Refusal") -> None:
    """Write down how an attempt ended; files that came meanwhile are tried before a track is called missing."""
    tried = list(claim.files)
    while isinstance(outcome, Refusal):
        new = refuse(process, claim.track_id, outcome, tried)
        if not new:
            return
        outcome = analyse_first_readable(new, readable_roots(process.settings))
        tried += new
    found = outcome
    guard.patiently(lambda: process.catalogue.analyses.record(claim.track_id, found))
    _tell_indexer(process)


def refuse(process: ChildProcess, track_id: str, refusal: "Refusal", tried: list[TrackFile]) -> list[TrackFile]:
    """Write down why there is no analysis; files that were not tried, because they came meanwhile, are answered."""
    new = guard.patiently(
        lambda: process.catalogue.analyses.refuse(track_id, refusal.reason, refusal.status, tried=tried)
    )
    if not new:
        log.info("track_refused", track_id=track_id, reason=refusal.reason, status=refusal.status)
    return new


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a track gives no analysis; one whose files cannot be read now is missing, not failed."""

    reason: str
    status: TrackStatus


def analyse_first_readable(files: list[TrackFile], roots: Roots = None) -> Analysis | Refusal:
    """The analysis of the first file that gives one, or the reason why none does."""
    from models.analysis import analyse as analyse_file  # noqa: PLC0415  torch belongs in the children
    from models.errors import AnalysisError  # noqa: PLC0415

    refusal = Refusal(GONE, TrackStatus.MISSING)
    for file in files:
        try:
            opened, _ = open_inside(file.path, file.root, roots)
        except NotARegularFile:
            refusal = Refusal(NOT_REGULAR, TrackStatus.FAILED)
            continue
        except OutsideLibrary:
            if refusal.status is TrackStatus.MISSING:  # what another file said of the track says more
                refusal = Refusal(OUTSIDE, TrackStatus.MISSING)
            continue
        except OSError:
            continue
        try:
            with opened:
                found = analyse_file(opened.fileno())
        except AnalysisError as error:
            if is_readable(Path(file.path)):  # else it went while it was read, which says nothing about what it held
                refusal = Refusal(str(error), TrackStatus.FAILED)
        else:
            return Analysis(
                embedding=found.embedding,
                dispersion=found.dispersion,
                attributes=found.attributes,
                descriptors=cast("Mapping[str, float | int | None]", found.descriptors),
                tags=found.tags,
                model_version=found.model_version,
            )
    return refusal


def is_readable(path: Path) -> bool:
    """Whether a file is there and may be read, at this moment."""
    return path.exists() and os.access(path, os.R_OK)


def _tell_indexer(process: ChildProcess) -> None:
    if process.settings.qdrant_url is None:
        return  # the API process owns the index and looks for marks itself
    try:
        process.queue.index()
    except BrokerUnavailable as error:
        log.warning("index_not_told", reason=error.detail)  # beat sends the task soon


@app.task(name=SCAN_TASK, soft_time_limit=SCAN_SOFT_LIMIT_SECONDS, time_limit=SCAN_HARD_LIMIT_SECONDS)
def scan(job_id: str) -> None:
    """Carry out a scan job."""
    process = child()
    try:
        run_scan(process.catalogue, process.queue, job_id, configured_roots(process.settings))
    except JobNotFound:
        log.warning("scan_unknown", job_id=job_id)
    except SoftTimeLimitExceeded:
        hours = SCAN_SOFT_LIMIT_SECONDS // 3600
        reason = f"The scan took longer than {hours} hours. Scan it again: files taken in so far are skipped quickly."
        process.catalogue.jobs.fail(job_id, reason)


@app.task(name=INDEX_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def index() -> None:
    """Bring the Qdrant server's index to what the catalogue wants: a new generation if asked for, then every mark.

    It may run many times at once: one rebuilds, for two would drop each other's collections, and all take in marks.
    """
    from services.index.server_rebuild import rebuild  # noqa: PLC0415  qdrant-client is large, see lifecycle

    process = child()
    queue, server_index = process.catalogue.indexing, process.server_index
    with process.queue.exclusive("rebuild", REBUILD_LEASE_SECONDS) as lease:
        if lease is not None:
            rebuild(queue, server_index, lease.renew)
    indexer = Indexer(queue, server_index)
    while indexer.index_once():
        pass


@app.task(name=RECONCILE_INDEX_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def reconcile_index() -> None:
    """Compare the Qdrant server's points with the catalogue's tracks and mend what differs."""
    process = child()
    if reconcile(process.catalogue.indexing, process.server_index).missing:
        _tell_indexer(process)


@app.task(name=RESEND_TASK)
def resend() -> None:
    """Send again what the broker lost."""
    process = child()
    resend_lost_work(process.catalogue, process.queue)


@app.task(name=ADOPT_MODEL_TASK)
def adopt_model() -> None:
    """Ask for a new analysis of tracks that another model version analysed."""
    from models.checkpoint import DEFAULT_VERSION  # noqa: PLC0415  torch belongs in the children

    if count := child().catalogue.library.adopt_model(DEFAULT_VERSION):
        log.info("analysed_by_another_model", count=count, adopting=DEFAULT_VERSION)
    resend()
