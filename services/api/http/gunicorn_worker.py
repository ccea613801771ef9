"""gunicorn's worker, but what it refuses itself is a problem as well: it answers before Flask has seen anything.

Nothing of the request is quoted or logged: a request line may hold a key.
"""

import json
import uuid
from http import HTTPStatus

from gunicorn.errors import AppImportError
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from services.api.http.pages import ALWAYS, API_POLICY
from services.api.schemas.service import MEDIA_TYPE
from services.domain.errors import NotConfigured

# The first that fits counts.
REFUSALS: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    # The service's own fault, though these are kinds of what a client does wrong.
    (errors.InvalidResponseHeader, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.InvalidResponseHeaderName, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.ConfigurationProblem, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is longer than the service takes."),
    (
        errors.LimitRequestHeaders,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The request has more or longer headers than the service takes.",
    ),
    (errors.UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED, "The transfer coding is not known here."),
    (errors.ExpectationFailed, HTTPStatus.EXPECTATION_FAILED, "The expectation cannot be met."),
    (errors.ParseException, HTTPStatus.BAD_REQUEST, "This is not a request as HTTP/1.1 has it."),
)
DEFECT = "Something went wrong in Segue. The service's log has it under the request id {}."


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads, and RFC 9457 for what does not parse."""

    def load_wsgi(self) -> None:
        """Load the application; a wrong setting stops gunicorn with one line instead of a traceback."""
        try:
            super().load_wsgi()
        except NotConfigured as error:
            raise AppImportError(f"segue: {error.detail}") from error

    def handle_error(self, req: object, client: object, addr: tuple[str, int] | None, exc: Exception) -> None:
        """Answer a request that gunicorn could not read, or whose answer it could not write."""
        del req
        request_id = uuid.uuid4().hex
        status, detail = next(
            ((status, detail) for kind, status, detail in REFUSALS if isinstance(exc, kind)),
            (HTTPStatus.INTERNAL_SERVER_ERROR, ""),
        )
        known = status != HTTPStatus.INTERNAL_SERVER_ERROR
        self.log.warning(
            "Request %s from %s ended with %d: %s",
            request_id,
            addr[0] if addr else "a socket",
            status,
            type(exc).__name__,
            exc_info=None if known else exc,
        )
        try:
            write_nonblock(client, problem(status, detail or DEFECT.format(request_id), request_id))
        except OSError:
            self.log.debug("The client was gone.")


def problem(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    """A whole answer, as it goes over the wire."""
    body = json.dumps(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status,
            "detail": detail,
            "instance": "",
            "request_id": request_id,
        }
    ).encode()
    headers = {
        **ALWAYS,
        "Connection": "close",
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Content-Security-Policy": API_POLICY,
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join((*lines, "", "")).encode() + body
