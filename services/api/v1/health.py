"""Health and readiness of the service, for its operator."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from flask import Blueprint, Response, request

from services.api.context import services
from services.api.http.operation import operation
from services.api.http.problems import not_ready, public_detail
from services.api.http.rate_limits import count_readiness_check
from services.api.schemas.service import MEDIA_TYPE, Health, Part, Readiness
from services.api.security.permissions import public
from services.composition import Services
from services.domain.errors import SegueError
from services.storage.disk import check_storage

health = Blueprint("health", __name__)

NOT_READY = {
    503: {
        "description": "At least one part is not ready",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/NotReady"}}},
        "headers": {
            "Retry-After": {
                "description": "Seconds to wait before a retry.",
                "schema": {"type": "integer", "minimum": 0},
            }
        },
    }
}

log = structlog.get_logger(__name__)


@health.get("/healthz")
@operation("getHealth", "Check that the process is alive", returns=Health)
@public
def healthz() -> Health:
    """Check that the API process responds. Other parts, such as the catalogue, are not checked."""
    return Health(status="ok")


@health.get("/readyz")
@operation("getReadiness", "Check that every part is ready", returns=Readiness, responses=NOT_READY)
@public
def readyz() -> Readiness | Response:
    """Check catalogue, broker, index, indexer and disk. If one is not ready, the status is 503, with the reason."""
    count_readiness_check(request.remote_addr)
    parts = check_parts(services())
    if not all(part.ok for part in parts.values()):
        return not_ready(parts)
    return Readiness(ready=True, parts=parts)


def check_parts(current: Services) -> dict[str, Part]:
    """Check every part. The checks run in parallel, so several timeouts take no longer than one."""
    checks: dict[str, Callable[[], object]] = {
        "catalogue": current.catalogue.database.check,
        "broker": current.queue.ping,
        "index": current.index.count,
        "storage": lambda: check_storage(current.settings.data_path),
    }
    with ThreadPoolExecutor(len(checks)) as pool:
        errors = dict(zip(checks, pool.map(_error_of, checks.values()), strict=True))
    parts = {name: _part(error) for name, error in errors.items()}
    if current.embedded is not None and current.embedded_pictures is not None:
        problem = current.embedded.indexer.problem or current.embedded_pictures.indexer.problem
        # The text after the colon quotes an error, which may contain addresses and paths. The indexer logs it.
        parts["indexer"] = Part(ok=problem is None, reason=problem and problem.partition(":")[0])
    return parts


def _error_of(check: Callable[[], object]) -> SegueError | None:
    try:
        check()
    except SegueError as error:
        return error
    return None


def _part(error: SegueError | None) -> Part:
    if error is None:
        return Part(ok=True)
    log.warning("part_not_ready", reason=error.detail, error=type(error).__name__)
    return Part(ok=False, reason=public_detail(error))
