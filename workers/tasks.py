"""The Celery tasks. Each takes its arguments, calls `workers.analysis` or `services`, and decides about failures."""

import time
from datetime import datetime, timedelta

import structlog
from celery import current_task
from celery.exceptions import SoftTimeLimitExceeded

from services.catalog.analyses import Claimant
from services.catalog.database import now
from services.covers.files import CoverFiles
from services.domain.errors import (
    CatalogueUnavailable,
    JobNotFound,
    LinkNotFound,
    ReaderUnavailable,
    SegueError,
    StorageUnavailable,
    Unavailable,
)
from services.domain.failure import FailureKind
from services.domain.links import link_of
from services.domain.quiet import QuietHours
from services.domain.vector_index import PICTURES, TRACKS
from services.index.indexer import Indexer, reconcile
from services.ingest.pictures import run_picture_scan
from services.ingest.scan import ScanRules, request_rescans, run_scan
from services.quotas.room import take_again
from services.tasks.lost_work import resend_lost_work
from services.tasks.queue import (
    ANALYSE_TASK,
    COVERS_TASK,
    DOWNLOAD_TASK,
    FIT_MAP_TASK,
    FOLLOW_LINKS_TASK,
    INDEX_TASK,
    PUSH_MIXES_TASK,
    RECONCILE_INDEX_TASK,
    REFRESH_PLAYLISTS_TASK,
    RESCAN_TASK,
    RESEND_TASK,
    SCAN_PICTURES_TASK,
    SCAN_TASK,
    SWEEP_COVERS_TASK,
    SYNC_LINKS_TASK,
    TEND_SPACES_TASK,
    UPGRADE_TASK,
    WEBHOOKS_TASK,
)
from services.tasks.turns import keep_filled
from services.tasks.upgrading import begin_upgrades
from services.telemetry.measures import ANALYSES
from services.telemetry.stages import Outcome
from workers.analysis import analyse_and_record, claim_attempt, continue_later, notify_indexer
from workers.app import (
    DOWNLOAD_HARD_LIMIT_SECONDS,
    DOWNLOAD_SOFT_LIMIT_SECONDS,
    FIT_HARD_LIMIT_SECONDS,
    FIT_SOFT_LIMIT_SECONDS,
    INDEX_HARD_LIMIT_SECONDS,
    INDEX_SOFT_LIMIT_SECONDS,
    LIMIT_GRACE_SECONDS,
    SCAN_HARD_LIMIT_SECONDS,
    SCAN_SOFT_LIMIT_SECONDS,
    app,
)
from workers.covers import look_for_covers
from workers.lifecycle import ADOPT_MODEL_TASK, WORKER_ID, child_context
from workers.links import download as download_song
from workers.links import sync_due
from workers.listening import follow
from workers.map import fit_map
from workers.mixes import push_due
from workers.pictures import open_reader
from workers.playlists import refresh_due
from workers.spaces import compare_spaces, tend
from workers.webhooks import deliver

# The lease is renewed after each step of a rebuild; the slowest step is a few requests to Qdrant of at most 90 s each.
# After a crash the next rebuild waits this long.
REBUILD_LEASE_SECONDS = 300.0

# The lease is renewed after each track, and a picture is decoded in far less time. After a crash the next search waits
# this long.
COVERS_LEASE_SECONDS = 240.0
COVERS_SOFT_LIMIT_SECONDS = 300

# Without this pause a worker that cannot start the sandbox would take all messages from workers that can.
SANDBOX_PAUSE_SECONDS = 2.0

# A rest must not use up the time limit of a task.
LONGEST_REST_SECONDS = 30.0

TOO_LONG = (
    f"The scan took longer than {SCAN_SOFT_LIMIT_SECONDS // 3600} hours. Scan again: files that are already registered "
    "are skipped."
)

log = structlog.get_logger()


@app.task(name=ANALYSE_TASK)
def analyse(track_id: str, replaces_task: str | None = None, continues_attempt: str | None = None) -> None:
    """Analyse a pending track and record the analysis, or the reason why there is none.

    `replaces_task` is the id of a task that died and that this one replaces. `continues_attempt` is the holder of an
    attempt that failed for a reason unrelated to the track.
    """
    from models.errors import SandboxUnavailable  # noqa: PLC0415  only child processes may import torch

    context = child_context()
    claimant = Claimant(WORKER_ID, str(current_task.request.id), replaces_task, continues_attempt)
    holder = continues_attempt
    try:
        claim = claim_attempt(context.catalogue, track_id, claimant)
        keep_filled(context.catalogue, context.queue, wait=False)
        if claim is None:
            return
        holder = claimant.name
        if all(link_of(file.path) is not None for file in claim.files) and claim.files:
            context.catalogue.analyses.release_uncounted(track_id, holder)  # `resend` sends its download
            return
        begun = time.monotonic()
        analyse_and_record(context, claim)
        if claim.library:
            context.meter.count_analysis(claim.library, time.monotonic() - begun)
        rest(time.monotonic() - begun, context.settings.analysis_duty)
    except SoftTimeLimitExceeded:
        log.warning("analysis_timed_out", track_id=track_id)
        ANALYSES.labels(Outcome.TIMED_OUT).inc()
        # The attempt stays counted. Without this release, a worker that stops soon after would release it as uncounted.
        context.catalogue.analyses.release(track_id, claimant.name)
    except (SandboxUnavailable, ReaderUnavailable) as error:
        log.warning("analysis_postponed", track_id=track_id, reason=str(error))
        ANALYSES.labels(Outcome.POSTPONED).inc()
        context.catalogue.analyses.release_uncounted(track_id, claimant.name)  # `resend` sends the track again
        time.sleep(SANDBOX_PAUSE_SECONDS)
    except (CatalogueUnavailable, StorageUnavailable) as error:
        log.warning("analysis_postponed", track_id=track_id, reason=error.detail)
        ANALYSES.labels(Outcome.POSTPONED).inc()
        if holder is not None:  # without a holder no attempt was counted, and `resend` sends the track again
            continue_later(context, track_id, holder)


@app.task(name=UPGRADE_TASK)
def upgrade() -> None:
    """Analyse a track with another model version, and send the next of these tasks."""
    from models.errors import SandboxUnavailable  # noqa: PLC0415  only child processes may import torch
    from workers.upgrade import fill_one  # noqa: PLC0415

    context, begun = child_context(), time.monotonic()
    try:
        if fill_one(context):
            rest(time.monotonic() - begun, context.settings.analysis_duty)
            context.queue.upgrade()
    except SoftTimeLimitExceeded:
        log.warning("upgrade_timed_out")
    except SandboxUnavailable as error:
        log.warning("upgrade_postponed", reason=str(error))
        time.sleep(SANDBOX_PAUSE_SECONDS)
    except SegueError as error:  # `tend_spaces` sends more
        log.warning("upgrade_postponed", reason=error.detail)


@app.task(name=TEND_SPACES_TASK)
def tend_spaces() -> None:
    """Do what is due for the spaces of other model versions."""
    try:
        tend(child_context())
    except SoftTimeLimitExceeded:
        log.info("spaces_continue_later")
    except SegueError as error:
        log.warning("spaces_postponed", reason=error.detail)


def rest(busy_seconds: float, duty: float) -> None:
    """Sleep so long that this process is busy in a share `duty` of its time."""
    time.sleep(min(busy_seconds * (1 / duty - 1), LONGEST_REST_SECONDS))


@app.task(name=SCAN_TASK, soft_time_limit=SCAN_SOFT_LIMIT_SECONDS, time_limit=SCAN_HARD_LIMIT_SECONDS)
def scan(job_id: str) -> None:
    """Run a scan job."""
    context = child_context()
    try:
        run_scan(context.catalogue, context.queue, job_id, ScanRules.of(context.settings))
    except JobNotFound:
        log.warning("scan_unknown", job_id=job_id)
    except SoftTimeLimitExceeded:
        context.catalogue.jobs.fail(job_id, TOO_LONG)


@app.task(name=SCAN_PICTURES_TASK, soft_time_limit=SCAN_SOFT_LIMIT_SECONDS, time_limit=SCAN_HARD_LIMIT_SECONDS)
def scan_pictures(job_id: str) -> None:
    """Run a scan of pictures, and read those that are new."""
    context = child_context()
    jobs = context.catalogue.jobs
    try:
        run_picture_scan(context.catalogue, job_id, open_reader(), ScanRules.of(context.settings))
    except JobNotFound:
        log.warning("scan_unknown", job_id=job_id)
    except ReaderUnavailable as error:
        jobs.fail(job_id, f"{error} Scan again: pictures that are already read are skipped.")
    except SoftTimeLimitExceeded:
        jobs.fail(job_id, TOO_LONG)
    notify_indexer(context)


@app.task(name=INDEX_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def index() -> None:
    """Update the indexes on the Qdrant server: rebuild them if requested, then apply pending changes.

    The task may run several times at once. One run rebuilds, because two would delete each other's collections; every
    run applies pending changes.
    """
    from services.index.rebuilding import rebuild  # noqa: PLC0415  qdrant-client needs much memory

    context = child_context()
    with context.queue.lease("rebuild", REBUILD_LEASE_SECONDS) as lease:
        if lease is not None:
            for collection in (TRACKS, PICTURES):
                for queue, server_index in context.indexing(collection):
                    rebuild(queue, server_index, context.catalogue.index_builds, lease.renew)
            compare_spaces(context)
    for collection in (TRACKS, PICTURES):
        (queue, server_index), *others = context.indexing(collection)
        for each, written in ((queue, server_index), *others):
            each.mark(written.late_writes())
        indexer = Indexer(queue, server_index, *others)
        while indexer.index_once():
            pass


@app.task(name=RECONCILE_INDEX_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def reconcile_index() -> None:
    """Compare the points on the Qdrant server with the rows in the catalogue and repair differences."""
    context = child_context()
    indexing = [pair for collection in (TRACKS, PICTURES) for pair in context.indexing(collection)]
    for _, server_index in indexing:
        if differences := server_index.differences():
            log.warning("collection_differs", index=server_index.name, differences=differences, fix="segue reindex")
    missing = [reconcile(queue, server_index).missing for queue, server_index in indexing]
    if any(missing):
        notify_indexer(context)


@app.task(name=REFRESH_PLAYLISTS_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def refresh_playlists() -> None:
    """Choose the tracks of the smart playlists that are due."""
    refresh_due(child_context())


@app.task(
    name=COVERS_TASK,
    soft_time_limit=COVERS_SOFT_LIMIT_SECONDS,
    time_limit=COVERS_SOFT_LIMIT_SECONDS + LIMIT_GRACE_SECONDS,
)
def covers() -> None:
    """Look for the covers of tracks that were never looked at, in one process at a time."""
    context = child_context()
    try:
        with context.queue.lease("covers", COVERS_LEASE_SECONDS) as lease:
            if lease is not None and (count := look_for_covers(context, lease.renew)):
                log.info("covers_looked_for", count=count)
    except SoftTimeLimitExceeded:
        log.warning("covers_timed_out")  # the attempt of the track stays counted
    except SegueError as error:
        log.warning("covers_postponed", reason=error.detail)


@app.task(name=SWEEP_COVERS_TASK)
def sweep_covers() -> None:
    """Delete the covers that no track uses."""
    context = child_context()
    try:
        count = CoverFiles(context.settings.covers_path).sweep(context.catalogue.covers.used())
    except StorageUnavailable as error:
        log.warning("covers_not_swept", reason=error.detail)
    else:
        log.info("covers_swept", count=count)
    child_context().catalogue.quotas.forget_old()


@app.task(name=FIT_MAP_TASK, soft_time_limit=FIT_SOFT_LIMIT_SECONDS, time_limit=FIT_HARD_LIMIT_SECONDS)
def fit() -> None:
    """Fit the map if it is due, and place tracks that have no point."""
    context = child_context()
    try:
        fit_map(context.catalogue, context.queue)
    except Unavailable as error:
        log.warning("map_postponed", reason=error.detail)
    except SoftTimeLimitExceeded:
        log.warning("map_timed_out", seconds=FIT_SOFT_LIMIT_SECONDS)


@app.task(name=DOWNLOAD_TASK, soft_time_limit=DOWNLOAD_SOFT_LIMIT_SECONDS, time_limit=DOWNLOAD_HARD_LIMIT_SECONDS)
def download(link: str, song_id: str) -> None:
    """Download a song of a linked server and analyse it."""
    context = child_context()
    claimant = Claimant(WORKER_ID, str(current_task.request.id))
    begun = time.monotonic()
    try:
        download_song(context, link, song_id, claimant)
        rest(time.monotonic() - begun, context.settings.analysis_duty)
    except SoftTimeLimitExceeded:  # the attempt stays counted
        log.warning("download_timed_out", link=link, song_id=song_id)
    except (LinkNotFound, CatalogueUnavailable, StorageUnavailable) as error:
        log.warning("download_postponed", link=link, song_id=song_id, reason=error.detail)


@app.task(name=SYNC_LINKS_TASK, soft_time_limit=SCAN_SOFT_LIMIT_SECONDS, time_limit=SCAN_HARD_LIMIT_SECONDS)
def sync_links() -> None:
    """List the songs of the linked servers that are due."""
    sync_due(child_context())


@app.task(name=FOLLOW_LINKS_TASK)
def follow_links() -> None:
    """Read what the users of linked servers play now, and what they heard and starred lately."""
    try:
        follow(child_context())
    except SoftTimeLimitExceeded:
        log.warning("links_not_followed")  # a slow server: the schedule continues


@app.task(name=PUSH_MIXES_TASK, soft_time_limit=INDEX_SOFT_LIMIT_SECONDS, time_limit=INDEX_HARD_LIMIT_SECONDS)
def push_mixes() -> None:
    """Push the mixes of the linked servers that are due."""
    push_due(child_context())


@app.task(name=WEBHOOKS_TASK)
def webhooks() -> None:
    """Tell other programs what happened to tracks and scans."""
    try:
        deliver(child_context())
    except Unavailable as error:
        log.warning("webhooks_postponed", reason=error.detail)
    except SoftTimeLimitExceeded:
        log.info("webhooks_continue_later")  # a long backlog: the schedule continues


@app.task(name=RESCAN_TASK)
def rescan() -> None:
    """Request a scan of all library folders."""
    context = child_context()
    request_rescans(context.catalogue, context.queue, context.settings)


@app.task(name=RESEND_TASK)
def resend() -> None:
    """Keep quiet hours, delete what is old, and send tasks that are due or that the broker lost."""
    context = child_context()
    hours = context.settings.quiet_hours
    quiet_since = QuietHours.parse(hours).began_at(datetime.now().astimezone()) if hours else None
    context.catalogue.pause.follow_quiet_hours(quiet_since)
    if count := context.catalogue.radio.drop_idle():
        log.info("idle_radio_sessions_deleted", count=count)
    kept_from = now() - timedelta(days=context.settings.recommendation_log_days)
    if count := context.catalogue.recommendation_log.delete_before(kept_from):
        log.info("old_recommendations_deleted", count=count)
    take_again(context.catalogue)
    resend_lost_work(context.catalogue, context.queue)
    context.queue.fit_map()


@app.task(name=ADOPT_MODEL_TASK)
def adopt_model(*, has_ffmpeg: bool = False) -> None:
    """Begin the space of this worker's model version, then send what is unfinished, and what waited for ffmpeg.

    `has_ffmpeg` says whether the worker that starts has ffmpeg.
    """
    from workers.upgrade import adopt  # noqa: PLC0415  only child processes may import torch

    context = child_context()
    if has_ffmpeg and (count := context.catalogue.failures.reset_kind(FailureKind.NEEDS_FFMPEG)):
        log.info("ffmpeg_found", count=count)
    adopt(context)
    begin_upgrades(context.catalogue, context.queue)
    context.catalogue.library.adopt_separators()
    if count := context.catalogue.ratings.adopt(context.settings.ratings_of):
        log.info("ratings_adopted", count=count)
    resend()
