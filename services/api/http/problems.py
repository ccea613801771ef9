"""Every error as an RFC 9457 problem: this is the only place that turns one into an answer."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, g, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, MethodNotAllowed, RequestEntityTooLarge

from services.api.compat.dialects import spoken_here
from services.api.http.errors import headers_of, status_of, title_of
from services.api.http.input import InvalidFields
from services.api.request_limits import RETRY_AFTER_SECONDS
from services.api.schemas.service import MEDIA_TYPE, TYPE_PREFIX, NotReady, Part, Problem, type_of
from services.domain.errors import (
    BrokerUnavailable,
    CatalogueUnavailable,
    IndexUnavailable,
    SegueError,
    StorageFull,
    StorageUnavailable,
    Unavailable,
)

log = structlog.get_logger(__name__)

PARTS: dict[type[SegueError], str] = {
    BrokerUnavailable: "The broker does not take tasks",
    CatalogueUnavailable: "The catalogue does not answer",
    IndexUnavailable: "The vector index does not answer",
    StorageFull: "The disk that Segue keeps its data on is full",
    StorageUnavailable: "The disk that Segue keeps its data on cannot be written",
}
"""What clients learn, the first that fits: the messages themselves quote drivers, with addresses and paths in them."""

TEMPORARY = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE)
"""Such an answer says when to ask again."""


def register_problems(app: Flask) -> None:
    """Answer every error that a request can end in as a problem."""
    app.register_error_handler(SegueError, from_segue_error)
    app.register_error_handler(HTTPException, from_http_error)
    for broken_off in (ParseException, NoMoreData):
        app.register_error_handler(broken_off, from_broken_body)
    app.register_error_handler(Exception, from_defect)


def from_segue_error(error: SegueError) -> Response:
    """The answer to an error that Segue can name."""
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
    """The sentence for a client; the log has the whole one."""
    if not isinstance(error, Unavailable):
        return error.detail
    part = next((text for kind, text in PARTS.items() if isinstance(error, kind)), "A part does not answer")
    return f"{part}. Try again later; the service's log has the cause under the request id {g.request_id}."


def from_http_error(error: HTTPException) -> Response:
    """The answer to an error of HTTP itself, with the headers that belong to it, such as `Allow`."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _answer(
        Problem(type="about:blank", title=status.phrase, status=status, detail=_detail(error), **_where())
    )
    kept = Headers(error.get_headers(request.environ))
    kept.remove("Content-Type")
    response.headers.extend(kept)
    return response


def from_broken_body(error: Exception) -> Response:
    """The answer to a body that stops being HTTP, a bad chunk say; gunicorn finds it as the body is read."""
    log.info("body_broken", error=type(error).__name__)
    return from_http_error(BadRequest("The request's body is not sent as HTTP/1.1 has it."))


def from_defect(error: Exception) -> Response:
    """The answer to an error that nobody foresaw: all of it into the log, nothing of it to the client."""
    log.error("request_crashed", exc_info=error)
    return from_http_error(InternalServerError())


def not_ready(parts: dict[str, Part]) -> Response:
    """The answer of a readiness check that failed."""
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
        return f"Something went wrong in Segue. The service's log has it under the request id {g.request_id}."
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length is not None:
        return f"The request's body has more than {request.max_content_length:,} bytes, the most that is taken here."
    if isinstance(error, MethodNotAllowed):
        return (
            f"{request.method} is not possible at {request.path}: {', '.join(sorted(error.valid_methods or ()))} are."
        )
    if error.code == HTTPStatus.NOT_FOUND:
        return f"Nothing is served at {request.path}. GET /openapi.json lists what is."
    return error.description or HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR).description


def _where() -> dict[str, str]:
    return {"instance": request.path, "request_id": g.request_id}


def _answer(problem: Problem) -> Response:
    response = spoken_here(problem)
    if response is None:
        body = json.dumps(problem.model_dump(mode="json", exclude_none=True))
        response = Response(body, problem.status, content_type=MEDIA_TYPE)
    if problem.status in TEMPORARY:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
