"""The analysis of one track: its attempts, the file that is read, and the outcome that is recorded.

An attempt is counted in the catalogue before its work starts, so a track that crashes its process is not tried forever.
A lease keeps two processes from analysing the same track at once.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from services.catalog import Catalogue
from services.catalog.analyses import Claim, Claimant
from services.catalog.tracks import TrackFile
from services.domain.errors import BrokerUnavailable, CatalogueUnavailable, SegueError, StorageUnavailable
from services.domain.failure import FailureKind
from services.domain.track import Analysis, TrackStatus
from services.ingest.roots import NotARegularFile, OutsideLibrary, Roots, open_inside, readable_roots
from services.telemetry.measures import ANALYSES
from services.telemetry.stages import Outcome, Stage, analysis_stage, note_stages
from workers.app import ANALYSE_HARD_LIMIT_SECONDS, LIMIT_GRACE_SECONDS
from workers.covers import look_for_cover
from workers.lifecycle import ChildContext
from workers.map import place_analysed
from workers.pictures import failure_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.encoders.interface import EncoderSource

# One or two crashes may have an outside cause, such as a lack of memory; after the third the track is the likely cause.
MAX_ATTEMPTS = 3

# After the hard limit no process can still be analysing the track.
LEASE = timedelta(seconds=ANALYSE_HARD_LIMIT_SECONDS + LIMIT_GRACE_SECONDS)

# A task retries a catalogue that is unavailable instead of failing, because its result would have to be computed again.
# The time is well below the soft limit.
CATALOGUE_TIMEOUT_SECONDS = 60.0
CATALOGUE_RETRY_SECONDS = 2.0

QUARANTINED = f"The analysis was started {MAX_ATTEMPTS} times and each time crashed or timed out."
MISSING = "No file of the track can be read any more."
OUTSIDE = "The file is outside the folders listed in SEGUE_LIBRARY_ROOTS."
NOT_REGULAR = "The path is no longer a regular file: a folder, a pipe or a device has replaced it."

Result = TypeVar("Result")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a track has no analysis, and its new status: missing if its files cannot be read, else failed."""

    reason: str
    status: TrackStatus
    kind: FailureKind


@analysis_stage(Stage.CLAIM)
def claim_attempt(catalogue: Catalogue, track_id: str, claimant: Claimant) -> Claim | None:
    """Count an attempt and claim the track; quarantine the track if it has no attempts left.

    Returns:
        None if the track is not pending, claimed by another task, or quarantined, or if the analysis is paused.
    """
    if retry_while_unavailable(catalogue.pause.began_at) is not None:
        if claimant.continues_attempt is not None:
            catalogue.analyses.release_uncounted(track_id, claimant.continues_attempt)
        return None
    claim = retry_while_unavailable(lambda: catalogue.analyses.claim(track_id, claimant, LEASE))
    if claim is None or claim.attempt <= MAX_ATTEMPTS:
        return claim
    catalogue.analyses.refuse(track_id, QUARANTINED, TrackStatus.QUARANTINED, kind=FailureKind.CRASHED)
    ANALYSES.labels(Outcome.QUARANTINED).inc()
    log.warning("track_quarantined", track_id=track_id, attempts=claim.attempt - 1)
    return None


def retry_while_unavailable(operation: Callable[[], Result]) -> Result:
    """Call an operation on the catalogue; repeat it while the catalogue or its disk is unavailable.

    Raises:
        CatalogueUnavailable, StorageUnavailable: still unavailable after `CATALOGUE_TIMEOUT_SECONDS`.
    """
    deadline = time.monotonic() + CATALOGUE_TIMEOUT_SECONDS
    while True:
        try:
            return operation()
        except (CatalogueUnavailable, StorageUnavailable) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("catalogue_unavailable", reason=error.detail)
            reason = error.detail
        try:
            time.sleep(CATALOGUE_RETRY_SECONDS)
        except SoftTimeLimitExceeded as late:  # the wait used up the time, not the track
            raise CatalogueUnavailable(reason) from late


def analyse_and_record(context: ChildContext, claim: Claim) -> None:
    """Analyse a claimed track and record the outcome; files added to the track meanwhile are tried too."""
    from workers.encoders import needed  # noqa: PLC0415  only child processes may import torch

    roots = readable_roots(context.settings)
    files, tried = claim.files, list(claim.files)
    encoders = needed(context.catalogue.spaces.latest(), context.settings.next_model)
    while isinstance(outcome := analyse_first_readable(files, roots, encoders), Refusal):
        files = _record_refusal(context.catalogue, claim.track_id, outcome, tried)
        if not files:
            return
        tried += files
    record(context, claim.track_id, outcome)


def record(context: ChildContext, track_id: str, analyses: list[Analysis]) -> None:
    """Record the analyses of a track, that of the served space first, and do what follows from it."""
    catalogue, (first, *beside) = context.catalogue, analyses
    live = catalogue.spaces.refresh().live
    waiting = [space for space in live if space not in {each.model_version for each in analyses}]
    with analysis_stage(Stage.RECORD):
        retry_while_unavailable(lambda: catalogue.analyses.record(track_id, first, beside, waiting))
    ANALYSES.labels(Outcome.OK).inc()
    notify_indexer(context)
    with analysis_stage(Stage.PLACE):
        place_analysed(catalogue, context.queue, track_id, analyses)
    try:
        with analysis_stage(Stage.COVER):
            look_for_cover(context, track_id)
    except SegueError as error:  # the periodic task looks again
        log.warning("cover_postponed", track_id=track_id, reason=error.detail)


def analyse_first_readable(
    files: list[TrackFile], roots: Roots, encoders: "Sequence[EncoderSource]"
) -> list[Analysis] | Refusal:
    """Return the analyses of the first file that can be analysed, or the reason why none can."""
    from models.errors import AnalysisError  # noqa: PLC0415  only child processes may import torch

    refusal = Refusal(MISSING, TrackStatus.MISSING, FailureKind.GONE)
    for file in files:
        try:
            opened, _ = open_inside(file.path, file.root, roots)
        except NotARegularFile:
            refusal = Refusal(NOT_REGULAR, TrackStatus.FAILED, FailureKind.UNREADABLE)
            continue
        except OutsideLibrary:
            if refusal.status is TrackStatus.MISSING:  # a failure of another file says more about the track
                refusal = Refusal(OUTSIDE, TrackStatus.MISSING, FailureKind.OUTSIDE_LIBRARY)
            continue
        except OSError:
            continue
        try:
            with opened:
                return analyse_open(opened, encoders)
        except AnalysisError as error:
            if is_readable(Path(file.path)):  # the file may have been removed while it was read
                refusal = Refusal(str(error), TrackStatus.FAILED, failure_kind(error))
    return refusal


def analyse_open(file: BinaryIO, encoders: "Sequence[EncoderSource]") -> list[Analysis]:
    """Return the analyses of an open file with these encoders.

    Raises:
        AnalysisError: it cannot be analysed.
    """
    from models.analysis import analyse_with  # noqa: PLC0415  only child processes may import torch

    with analysis_stage(Stage.ANALYSE):
        results = analyse_with(file.fileno(), encoders)
        took = results[0].seconds
        note_stages({Stage.DECODE: took.decode, Stage.DESCRIBE: took.descriptors, Stage.ENCODE: took.encode})
    return [
        Analysis(
            embedding=found.embedding,
            dispersion=found.dispersion,
            attributes=found.attributes,
            descriptors=cast("Mapping[str, float | int | None]", found.descriptors),
            tags=found.tags,
            model_version=found.model_version,
            highlight=found.highlight,
        )
        for found in results
    ]


def is_readable(path: Path) -> bool:
    """Return whether a file exists and this process may read it."""
    return path.exists() and os.access(path, os.R_OK)


def continue_later(context: ChildContext, track_id: str, holder: str) -> None:
    """Send a task that repeats an attempt without counting it; used while the catalogue cannot be updated."""
    try:
        context.queue.continue_attempt(track_id, holder)
    except BrokerUnavailable as error:
        log.warning("attempt_stays_counted", track_id=track_id, reason=error.detail)


def notify_indexer(context: ChildContext) -> None:
    """Send the index task if a Qdrant server holds the index; an embedded one polls the catalogue."""
    if context.settings.qdrant_url is None:
        return
    try:
        context.queue.index()
    except BrokerUnavailable as error:
        log.warning("index_task_not_sent", reason=error.detail)  # the scheduler sends it within seconds


def _record_refusal(catalogue: Catalogue, track_id: str, refusal: Refusal, tried: list[TrackFile]) -> list[TrackFile]:
    """Record why a track has no analysis; if it has files that were not tried, return them and record nothing."""
    new_files = retry_while_unavailable(
        lambda: catalogue.analyses.refuse(track_id, refusal.reason, refusal.status, kind=refusal.kind, tried=tried)
    )
    if not new_files:
        ANALYSES.labels(Outcome.MISSING if refusal.status is TrackStatus.MISSING else Outcome.FAILED).inc()
        log.info("track_refused", track_id=track_id, reason=refusal.reason, status=refusal.status)
    return new_files
