"""Keeps one track from being tried for ever, or twice at once: attempts and leases are written before work starts."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from services.catalog import Catalogue
from services.catalog.analyses import Claim, Claimant
from services.domain.errors import CatalogueUnavailable, StorageUnavailable
from services.domain.track import TrackStatus
from workers.app import ANALYSE_HARD_LIMIT_SECONDS, LIMIT_GRACE_SECONDS

# A crash may be bad luck (memory was short, the machine went down); the third on the same track is the track.
MAX_ATTEMPTS = 3

# Once the hard limit has passed no child can still be at work on the track.
LEASE = timedelta(seconds=ANALYSE_HARD_LIMIT_SECONDS + LIMIT_GRACE_SECONDS)

# How long a task waits for a catalogue that does not answer, and how often it asks. What it has worked out would have
# to be worked out again, and the messages behind it would fare no better; well below the soft limit.
CATALOGUE_PATIENCE_SECONDS = 60.0
CATALOGUE_PAUSE_SECONDS = 2.0

QUARANTINE_REASON = (
    f"Analysis was begun {MAX_ATTEMPTS} times and never ended: the process died or ran out of time. "
    "`segue retry` tries again."
)

Answer = TypeVar("Answer")

log = structlog.get_logger()


def claim(catalogue: Catalogue, track_id: str, claimant: Claimant) -> Claim | None:
    """Begin an attempt; None when there is nothing to do, another is at it, or the track has used its attempts up."""
    begun = patiently(lambda: catalogue.analyses.claim(track_id, claimant, LEASE))
    if begun is None or begun.attempt <= MAX_ATTEMPTS:
        return begun
    catalogue.analyses.refuse(track_id, QUARANTINE_REASON, TrackStatus.QUARANTINED)
    log.warning("track_quarantined", track_id=track_id, attempts=begun.attempt - 1)
    return None


def patiently(ask: Callable[[], Answer]) -> Answer:
    """What the catalogue answers, be it after a while.

    Raises:
        CatalogueUnavailable, StorageUnavailable: unavailable for longer than that;
            `resend_lost_work` sends the track again.
    """
    deadline = time.monotonic() + CATALOGUE_PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except (CatalogueUnavailable, StorageUnavailable) as error:
            if time.monotonic() > deadline:
                raise
            log.warning("catalogue_awaited", reason=error.detail)
            reason = error.detail
        try:
            time.sleep(CATALOGUE_PAUSE_SECONDS)
        except SoftTimeLimitExceeded as late:  # it is the wait that took the time, not the track
            raise CatalogueUnavailable(reason) from late
