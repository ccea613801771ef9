"""Streams of server-sent events: how many are open, and when they end.

A stream occupies a thread of the API process as long as it is open, so only a few are served. Further clients are told
to poll instead. Streams end when the process stops, so that they do not delay it.
"""

# ruff: noqa: N818  class names are the titles of problems

import select
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from threading import BoundedSemaphore, Event

from flask import Flask, Response, current_app, request

from services.api.http.errors import ApiError

EXTENSION = "segue.streams"

STREAMS_MAX = 2
"""Streams of a process with the default of 8 threads; 4 of the others may wait for a worker's answer."""

THREADS_PER_STREAM = 4
"""Fewer threads serve fewer streams, or none, so that most threads stay free for requests."""

STREAM_SECONDS = 600.0
"""Then the client connects again, and another client may get its place."""

HEARTBEAT_SECONDS = 10.0
"""A comment is sent after this time without an event, so that a client that has gone is noticed."""

SEND_SECONDS = 10.0
"""A client that does not take what is sent in this time is cut off, because its thread cannot wait longer."""

MEDIA_TYPE = "text/event-stream"


class TooManyStreams(ApiError):
    """As many streams as allowed are open."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("As many event streams as allowed are open. Poll `GET /v1/status` instead, and retry later.")


class Streams:
    """The open streams of a process."""

    def __init__(self, at_most: int) -> None:
        self._free = BoundedSemaphore(at_most) if at_most else None
        self._closing = Event()

    def end(self) -> None:
        """End all streams, because the process stops."""
        self._closing.set()

    def wait(self, seconds: float) -> bool:
        """Wait inside a stream; return whether the stream is to continue."""
        return not self._closing.wait(seconds)

    def open(self, events: Iterator[str]) -> Response:
        """Return a response that sends events until they end or the client goes.

        Raises:
            TooManyStreams: as many as allowed are open.
        """
        if self._free is None or not self._free.acquire(blocking=False):
            raise TooManyStreams
        connection = limit_sending()
        response = Response(with_heartbeats(events, connection), content_type=MEDIA_TYPE)
        response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
        response.call_on_close(self._free.release)
        return response


def limit_sending() -> socket.socket | None:
    """Cut the client of this request off if it does not take what is sent; return its connection, if it is known."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SEND_SECONDS)
    return connection


def install_streams(app: Flask, threads: int) -> None:
    """Serve as many streams as an API process with this number of threads can."""
    app.extensions[EXTENSION] = Streams(min(STREAMS_MAX, threads // THREADS_PER_STREAM))


def streams() -> Streams:
    """Return the streams of the application."""
    found: Streams = current_app.extensions[EXTENSION]
    return found


def event(name: str, data: str) -> str:
    """Return an event whose data is one line."""
    return f"event: {name}\ndata: {data}\n\n"


def with_heartbeats(events: Iterator[str], connection: socket.socket | None) -> Iterator[str]:
    """Pass events on until the client goes, for at most `STREAM_SECONDS`; an empty event may become a heartbeat."""
    begun = sent = time.monotonic()
    yield ": connected\n\n"
    for each in events:
        now = time.monotonic()
        if now - begun >= STREAM_SECONDS or (connection is not None and has_gone(connection)):
            return
        if each or now - sent >= HEARTBEAT_SECONDS:
            sent = now
            yield each or ": heartbeat\n\n"


def has_gone(connection: socket.socket) -> bool:
    """Return whether the client has closed its connection, without waiting."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
