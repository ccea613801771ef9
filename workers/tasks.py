"""The tasks: each fetches what it needs, calls `models` or `services`, and records the outcome."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from services.domain.errors import BrokerUnavailable, JobNotFound
from services.domain.track import Analysis
from services.index.indexer import Indexer
from services.ingest.scan import run_scan
from services.queue import ANALYSE_TASK, INDEX_TASK, RECONCILE_TASK, SCAN_TASK
from workers import guard
from workers.app import (
    INDEX_HARD_LIMIT_SECONDS,
    INDEX_SOFT_LIMIT_SECONDS,
    SCAN_HARD_LIMIT_SECONDS,
    SCAN_SOFT_LIMIT_SECONDS,
    app,
)
from workers.lifecycle import ADOPT_MODEL_TASK, ChildProcess, child
from workers.reconcile import reconcile as send_lost_work

if TYPE_CHECKING:
    from collections.abc import Mapping

GONE = "None of the files that held it is there any more."

log = structlog.get_logger()


@app.task(name=ANALYSE_TASK)
def analyse(track_id: str) -> None:
    """Analyse a pending track and record what was found, or why it cannot be analysed."""
    process = child()
    claim = guard.claim(process.catalogue, track_id)
    if claim is None:
        return
    try:
        outcome = analyse_first_readable(claim.paths)
    except SoftTimeLimitExceeded:
        # Its attempt is counted and it stays pending: `reconcile` sends it again, `guard` ends that.
        log.warning("analysis_ran_out_of_time", track_id=track_id, attempt=claim.attempt)
        return
    if isinstance(outcome, str):
        process.catalogue.analyses.refuse(track_id, outcome)
        log.info("track_failed", track_id=track_id, reason=outcome)
        return
    process.catalogue.analyses.record(track_id, outcome)
    _tell_indexer(process)


def analyse_first_readable(paths: list[str]) -> Analysis | str:
    """The analysis of the first file that gives one, or the reason why none does."""
    from models.analysis import analyse as analyse_file  # noqa: PLC0415  torch belongs in the children
    from models.errors import AnalysisError  # noqa: PLC0415

    reasons = []
    for path in filter(Path.exists, map(Path, paths)):
        try:
            found = analyse_file(path)
        except AnalysisError as error:
            reasons.append(str(error))
        else:
            return Analysis(
                embedding=found.embedding,
                dispersion=found.dispersion,
                attributes=found.attributes,
                descriptors=cast("Mapping[str, float | int | None]", found.descriptors),
                tags=found.tags,
                model_version=found.model_version,
            )
    return reasons[0] if reasons else GONE


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
        run_scan(process.catalogue, process.queue, job_id)
    except JobNotFound:
        log.warning("scan_unknown", job_id=job_id)
    except SoftTimeLimitExceeded:
        hours = SCAN_SOFT_LIMIT_SECONDS // 3600
        reason = f"The scan took longer than {hours} hours. Scan it again: files taken in so far are skipped quickly."
        process.catalogue.jobs.fail(job_id, reason)


@app.task(name=INDEX_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def index() -> None:
    """Bring the Qdrant server's index to what the catalogue wants: a new generation if asked for, then every mark.

    One process alone takes this queue: two rebuilds at once would drop each other's collections.
    """
    from services.index.server_rebuild import rebuild  # noqa: PLC0415  qdrant-client is large, see lifecycle

    queue, server_index = child().catalogue.indexing, child().server_index
    rebuild(queue, server_index)
    indexer = Indexer(queue, server_index)
    while indexer.index_once():
        pass


@app.task(name=RECONCILE_TASK)
def reconcile() -> None:
    """Send again what the broker lost."""
    process = child()
    send_lost_work(process.catalogue, process.queue)


@app.task(name=ADOPT_MODEL_TASK)
def adopt_model() -> None:
    """Ask for a new analysis of tracks that another model version analysed."""
    from models.checkpoint import DEFAULT_VERSION  # noqa: PLC0415  torch belongs in the children

    if count := child().catalogue.library.adopt_model(DEFAULT_VERSION):
        log.info("analysed_by_another_model", count=count, adopting=DEFAULT_VERSION)
    reconcile()
