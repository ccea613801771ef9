"""Render errors as RFC 9457 problems, or in the format that is set for a path, as for `services.api.compat`."""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from flask import Flask, Response, current_app, g, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, MethodNotAllowed, RequestEntityTooLarge

from services.api.http.errors import headers_of, status_of, title_of
from services.api.http.operation import InvalidFields
from services.api.request_limits import RETRY_AFTER_SECONDS
from services.api.schemas.service import MEDIA_TYPE, TYPE_PREFIX, NotReady, Part, Problem, type_of
from services.domain.errors import (
    BrokerUnavailable,
    CatalogueUnavailable,
    IndexUnavailable,
    QuestionUnanswered,
    SegueError,
    StorageFull,
    StorageUnavailable,
    TooManyQuestions,
    Unavailable,
    WordsUnavailable,
)

log = structlog.get_logger(__name__)

PARTS: dict[type[SegueError], str] = {
    BrokerUnavailable: "The broker does not accept tasks",
    CatalogueUnavailable: "The catalogue does not respond",
    IndexUnavailable: "The vector index does not respond",
    QuestionUnanswered: "No worker answered the question in time",
    StorageFull: "The disk with the data directory is full",
    StorageUnavailable: "The data directory cannot be written",
}
"""Public messages, the first match applies. The errors' own messages quote drivers, with addresses and paths."""

TEMPORARY = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE)
"""These responses have a `Retry-After` header."""


ErrorFormat = Callable[[Problem], Response]

FORMATS = "segue.error_formats"


def set_error_format(app: Flask, prefix: str, render: ErrorFormat) -> None:
    """Set how errors of paths with this prefix are rendered."""
    app.extensions.setdefault(FORMATS, {})[prefix] = render


def register_problems(app: Flask) -> None:
    """Render every error of a request as a problem."""
    app.register_error_handler(SegueError, from_segue_error)
    app.register_error_handler(HTTPException, from_http_error)
    for broken_off in (ParseException, NoMoreData):
        app.register_error_handler(broken_off, from_broken_body)
    app.register_error_handler(Exception, from_defect)


def from_segue_error(error: SegueError) -> Response:
    """Render an expected error."""
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", reason=error.detail, error=type(error).__name__)
    response = _answer(
        Problem(
            type=type_of(type(error)),
            title=title_of(error),
            status=status,
            detail=public_detail(error),
            errors=error.errors if isinstance(error, InvalidFields) else None,
            **_where(),
        )
    )
    response.headers.update(headers_of(error))
    return response


def public_detail(error: SegueError) -> str:
    """Return the message for clients. The log has the complete one."""
    if not isinstance(error, Unavailable) or isinstance(error, WordsUnavailable):
        return error.detail
    if isinstance(error, TooManyQuestions):
        return f"{error.detail} Retry later."
    part = next((text for kind, text in PARTS.items() if isinstance(error, kind)), "A part of Segue does not respond")
    return f"{part}. Retry later. See the service's log for request id {g.request_id}."


def from_http_error(error: HTTPException) -> Response:
    """Render an HTTP error with its headers, such as `Allow`."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _answer(
        Problem(type="about:blank", title=status.phrase, status=status, detail=_detail(error), **_where())
    )
    kept = Headers(error.get_headers(request.environ))
    kept.remove("Content-Type")
    response.headers.extend(kept)
    return response


def from_broken_body(error: Exception) -> Response:
    """Render a malformed body, such as a bad chunk, which gunicorn detects while the body is read."""
    log.info("body_broken", error=type(error).__name__)
    return from_http_error(BadRequest("The body is not valid HTTP/1.1."))


def from_defect(error: Exception) -> Response:
    """Log an unexpected error completely, and reveal nothing of it to the client."""
    log.error("request_crashed", exc_info=error)
    return from_http_error(InternalServerError())


def not_ready(parts: dict[str, Part]) -> Response:
    """Render a failed readiness check."""
    reasons = "; ".join(f"{name}: {part.reason}" for name, part in parts.items() if not part.ok)
    return _answer(
        NotReady(
            type=f"{TYPE_PREFIX}not-ready",
            title="Not ready",
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            detail=reasons,
            ready=False,
            parts=parts,
            **_where(),
        )
    )


def _detail(error: HTTPException) -> str:
    if isinstance(error, InternalServerError):
        return f"Internal error. See the service's log for request id {g.request_id}."
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length is not None:
        return f"The body is larger than {request.max_content_length:,} bytes, the maximum here."
    if isinstance(error, MethodNotAllowed):
        return f"{request.path} does not support {request.method}, only {', '.join(sorted(error.valid_methods or ()))}."
    if error.code == HTTPStatus.NOT_FOUND:
        return f"There is no resource at {request.path}. GET /openapi.json lists all."
    return error.description or HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR).description


def _where() -> dict[str, str]:
    return {"instance": request.script_root + request.path, "request_id": g.request_id}


def _answer(problem: Problem) -> Response:
    formats: dict[str, ErrorFormat] = current_app.extensions.get(FORMATS, {})
    render = next((render for prefix, render in formats.items() if request.path.startswith(prefix)), _as_problem)
    response = render(problem)
    if problem.status in TEMPORARY:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _as_problem(problem: Problem) -> Response:
    body = json.dumps(problem.model_dump(mode="json", exclude_none=True))
    return Response(body, problem.status, content_type=MEDIA_TYPE)
