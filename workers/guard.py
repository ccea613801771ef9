"""Keeps one track from being tried for ever: attempts are counted in the catalogue before work starts."""

import structlog

from services.catalog import Catalogue
from services.catalog.analyses import Claim
from services.domain.track import TrackStatus

# A crash may be bad luck (memory was short, the machine went down); the third on the same track is the track.
MAX_ATTEMPTS = 3

QUARANTINE_REASON = (
    f"Analysis was begun {MAX_ATTEMPTS} times and never ended: the process died or ran out of time. "
    "`segue retry` tries again."
)

log = structlog.get_logger()


def claim(catalogue: Catalogue, track_id: str) -> Claim | None:
    """Begin an attempt; None when there is nothing to do, or the track has used its attempts up."""
    begun = catalogue.analyses.claim(track_id)
    if begun is None or begun.attempt <= MAX_ATTEMPTS:
        return begun
    catalogue.analyses.refuse(track_id, QUARANTINE_REASON, TrackStatus.QUARANTINED)
    log.warning("track_quarantined", track_id=track_id, attempts=begun.attempt - 1)
    return None
