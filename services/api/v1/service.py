"""The service for its owner: its status, failed files, and the pause of the analysis."""

import structlog
from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.status import (
    Analysis,
    FailurePage,
    FailurePageQuery,
    FileFailure,
    Pause,
    Retried,
    RetryRequest,
    Status,
)
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.api.v1.status import analysis_of, status_of
from services.domain.access import Scope
from services.domain.errors import BrokerUnavailable
from services.domain.track import TrackStatus
from services.ingest.retry import retry_failures

service = Blueprint("service", __name__, url_prefix="/v1")

log = structlog.get_logger(__name__)


@service.get("/status")
@operation("getStatus", "Get the status of the service", returns=Status)
@needs(Scope.READ)
def get_status() -> Status:
    """Get counts of the library, the progress of the analysis, the workers that are alive, the index and the disk.

    It is cheap enough to be requested every few seconds. `GET /v1/events` sends it whenever it changes.
    """
    return status_of(services(), principal())


@service.put("/analysis")
@operation("setAnalysis", "Pause or resume the analysis", body=Pause, returns=Analysis)
@needs(Scope.INGEST, installation=True)
def set_analysis(body: Pause) -> Analysis:
    """Pause or resume the analysis of tracks and the reading of pictures.

    Workers finish the files that they have begun and start no other. Scans still list files, and everything else works.
    A pause lasts until it is ended, also over restarts.
    """
    catalogue = services().catalogue
    if body.paused:
        catalogue.pause.begin()
    else:
        catalogue.pause.end()
        _send_now()
    return analysis_of(catalogue, catalogue.tracks.count_by_status()[TrackStatus.PENDING])


@service.get("/failures")
@operation("listFailures", "List the files that cannot be used", query=FailurePageQuery, returns=FailurePage)
@needs(Scope.INGEST)
def list_failures(query: FailurePageQuery) -> FailurePage:
    """List every file that could not be analysed or read, with the reason and what to do about it."""
    store, settings = services().catalogue.failures, services().settings
    hidden = None if principal().has_any(()) else str(settings.uploads_path)
    page = store.page(offset=query.offset, limit=query.limit)
    failures = [FileFailure.of(each, hidden=hidden) for each in page]
    return FailurePage(failures=failures, total=store.count(), files=store.count_files())


@service.post("/failures/retry")
@operation("retryFailures", "Try failed files again", body=RetryRequest, returns=Retried)
@needs(Scope.INGEST, expensive=True)
def retry(body: RetryRequest) -> Retried:
    """Try failed files again: analyse tracks, and scan the folders of pictures and of all other files."""
    reset = retry_failures(services().catalogue, body.ids)
    _send_now()
    return Retried(retried=reset.total)


def _send_now() -> None:
    try:
        services().queue.resend()
    except BrokerUnavailable as error:
        log.warning("work_not_sent", reason=error.detail)  # the scheduler sends it within a minute
