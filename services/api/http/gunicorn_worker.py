"""A gunicorn worker that renders its own errors as RFC 9457 problems, for requests that never reach Flask.

It does not quote or log the request because a request line may contain a key.
"""

import ctypes
import json
import socket
import sys
import uuid
from contextlib import suppress
from http import HTTPStatus

from gunicorn.errors import AppImportError
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import TConn, ThreadWorker

from services.api.http.pages import ALWAYS, API_POLICY
from services.api.http.streams import EXTENSION as STREAMS
from services.api.schemas.service import MEDIA_TYPE
from services.domain.errors import NotConfigured

# By default, glibc gives each of many threads a part of the memory, and none of them returns what it does not use.
M_ARENA_MAX, ARENAS = -8, 2

UNSENT_BYTES = 128 * 1024
"""The system buffers at most this much for a client that reads slowly, so that a small read counts as progress."""

# The first matching entry applies.
REFUSALS: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    # Errors of the service, although their base classes are client errors.
    (errors.InvalidResponseHeader, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.InvalidResponseHeaderName, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.ConfigurationProblem, HTTPStatus.INTERNAL_SERVER_ERROR, ""),
    (errors.LimitRequestLine, HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long."),
    (
        errors.LimitRequestHeaders,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The request has too many or too long headers.",
    ),
    (errors.UnsupportedTransferCoding, HTTPStatus.NOT_IMPLEMENTED, "The transfer coding is not supported."),
    (errors.ExpectationFailed, HTTPStatus.EXPECTATION_FAILED, "The `Expect` header is not supported."),
    (errors.ParseException, HTTPStatus.BAD_REQUEST, "The request is not valid HTTP/1.1."),
)
DEFECT = "Internal error. See the service's log for request id {}."


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A threaded worker that renders parse errors as problems, and cuts off clients that hold its threads."""

    patience_seconds = 30.0
    """How long a client may take nothing of a response, or send nothing of a body. Players then ask for the rest."""

    def load_wsgi(self) -> None:
        """Load the application. A wrong setting stops gunicorn with one line instead of a traceback."""
        if sys.platform == "linux":
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
        try:
            super().load_wsgi()
        except NotConfigured as error:
            raise AppImportError(f"segue: {error.detail}") from error

    def handle_exit(self, sig: int, frame: object) -> None:
        """End the streams when the process is to stop, because it waits for all requests in progress."""
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: object) -> None:
        """End the streams when the process is to stop at once, because Python waits for its threads."""
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        if self.wsgi is not None:  # it is loaded after the handlers are installed
            self.wsgi.extensions[STREAMS].end()

    def handle_request(self, req: object, conn: TConn) -> bool:
        """Handle a request, and close the connection if the client does not take the response."""
        conn.sock.settimeout(self.patience_seconds)
        if conn.sock.family != socket.AF_UNIX:
            conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            self.log.info("A client that took nothing for %d s was cut off.", self.patience_seconds)
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)  # else the main thread waits 2 s for the client to close it
            return False

    def handle_error(self, req: object, client: object, addr: tuple[str, int] | None, exc: Exception) -> None:
        """Respond to a request that gunicorn could not parse, or whose response it could not write."""
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
            self.log.debug("The client closed the connection.")


def problem(status: HTTPStatus, detail: str, request_id: str) -> bytes:
    """Return a complete HTTP response."""
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
