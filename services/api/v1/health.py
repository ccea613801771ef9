"""For those who run Segue: alive, ready, measured, counted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import structlog
from flask import Blueprint, Response, request

from services.api.context import services
from services.api.http.operation import operation
from services.api.http.problems import not_ready, public_detail
from services.api.request_limits import QUARANTINED_SHOWN
from services.api.schemas.service import MEDIA_TYPE, Health, IndexStatus, Part, Quarantined, Readiness, Status
from services.api.security.authentication import principal
from services.api.security.permissions import needs, public
from services.api.security.rate_limits import count_readiness_check
from services.composition import Services
from services.domain.access import Scope
from services.domain.errors import SegueError
from services.domain.track import TrackStatus
from services.storage.disk import check_storage

health = Blueprint("health", __name__)

NOT_READY = {
    503: {
        "description": "A part is not ready",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/NotReady"}}},
        "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}},
    }
}

log = structlog.get_logger(__name__)


@health.get("/healthz")
@operation("getHealth", "Is the process alive?", returns=Health)
@public
def healthz() -> Health:
    """Answers while the process can answer, whatever else is down."""
    return Health(status="ok")


@health.get("/readyz")
@operation("getReadiness", "Is every part ready?", returns=Readiness, responses=NOT_READY)
@public
def readyz() -> Readiness | Response:
    """Each part with its reason when it is not ready, and then as a problem with status 503."""
    count_readiness_check(request.remote_addr)
    parts = check_parts(services())
    if not all(part.ok for part in parts.values()):
        return not_ready(parts)
    return Readiness(ready=True, parts=parts)


@health.get("/v1/status")
@operation("getStatus", "What Segue has and where it keeps it", returns=Status)
@needs(Scope.READ)
def get_status() -> Status:
    """Counts of the library and of its index."""
    here = services()
    ready = here.catalogue.tracks.page(status=TrackStatus.READY, limit=1).tracks
    quarantined = here.catalogue.tracks.page(status=TrackStatus.QUARANTINED, limit=QUARANTINED_SHOWN).tracks
    return Status(
        version=version("segue"),
        url=here.settings.service_url,
        data_dir=str(here.settings.data_path) if principal().has_any(()) else None,
        model_version=ready[0].model_version if ready else None,
        tracks={status.value: count for status, count in here.catalogue.tracks.count_by_status().items()},
        index=IndexStatus(
            kind=here.index_kind, points=here.index.count(), pending=here.catalogue.indexing.count_pending()
        ),
        quarantined=[Quarantined.of(track) for track in quarantined],
    )


def check_parts(here: Services) -> dict[str, Part]:
    """Ask every part whether it works; all at once, so that several that stand still take no longer than one."""
    questions: dict[str, Callable[[], object]] = {
        "catalogue": here.catalogue.database.check,
        "broker": here.queue.ping,
        "index": here.index.count,
        "storage": lambda: check_storage(here.settings.data_path),
    }
    with ThreadPoolExecutor(len(questions)) as pool:
        errors = dict(zip(questions, pool.map(_error_of, questions.values()), strict=True))
    parts = {name: _part(error) for name, error in errors.items()}
    if here.embedded is not None:
        problem = here.embedded.indexer.problem
        # What follows a colon quotes an error, with addresses and paths in it; the indexer has logged that itself.
        parts["indexer"] = Part(ok=problem is None, reason=problem and problem.partition(":")[0])
    return parts


def _error_of(question: Callable[[], object]) -> SegueError | None:
    try:
        question()
    except SegueError as error:
        return error
    return None


def _part(error: SegueError | None) -> Part:
    if error is None:
        return Part(ok=True)
    log.warning("part_not_ready", reason=error.detail, error=type(error).__name__)
    return Part(ok=False, reason=public_detail(error))
