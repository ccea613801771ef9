"""Server-sent events: the status, the progress of jobs and what listeners play, whenever they change."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import structlog
from flask import Blueprint, Response

from services.api.context import services
from services.api.http.operation import operation
from services.api.http.streams import MEDIA_TYPE, Streams, event, streams
from services.api.playing import now_playing
from services.api.schemas.jobs import Job, JobProgress
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.api.v1.status import status_of
from services.composition import Services
from services.domain.access import Principal, Scope
from services.domain.errors import BrokerUnavailable, SegueError

events = Blueprint("events", __name__, url_prefix="/v1")

LOOK_EVERY_SECONDS = 1.0
"""Progress that moves once a second looks live, and a look takes a few milliseconds."""

REST_FOR_LOOK = 10
"""A pause is at least so many times as long as the look before it: at a million tracks a look takes 0.2 s."""
LONGEST_PAUSE_SECONDS = 5.0
"""On a busy machine a look may take a second; what is shown must not be much older."""

RESPONSES: dict[int, dict[str, Any]] = {
    200: {
        "description": "Server-sent events",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}

STATUS, NOW_PLAYING = "status", "now_playing"
"""Sources of events that are no jobs."""

log = structlog.get_logger(__name__)


@events.get("/events")
@operation("streamEvents", "Follow the service live", responses=RESPONSES)
@needs(Scope.READ)
def get_events() -> Response:
    """Follow the service by server-sent events (`text/event-stream`).

    The event `status` has the response of `GET /v1/status`, `job` the progress of a scan or an upload, for keys with
    `ingest` only, and `now_playing` the response of `GET /v1/now-playing`, for keys with `listen` only. Each is sent at
    the start and whenever it changes, at most once a second.

    A stream ends after ten minutes, when its key is revoked or its session ends, and when the service stops; connect
    again then. A process serves two streams, and fewer if it has fewer than eight threads. Other clients get the
    status 503 with `Retry-After`: poll `GET /v1/status` instead.
    """
    return streams().open(_follow(services(), principal(), streams()))


def _follow(current: Services, client: Principal, opened: Streams) -> Iterator[str]:
    """Yield events, and an empty text after each look at the service."""
    sent: dict[str, str] = {}
    try:
        while _is_active(current, client):
            begun = time.monotonic()
            found = list(_look(current, client, sent))
            rest = REST_FOR_LOOK * (time.monotonic() - begun)
            pause = min(max(LOOK_EVERY_SECONDS, rest), LONGEST_PAUSE_SECONDS)
            for source, each in found:
                if sent.get(source) != each:
                    sent[source] = each
                    yield each
            yield ""
            if not opened.wait(pause):
                return
    except SegueError as error:  # the client connects again, and its other requests say what is wrong
        log.warning("stream_ended", reason=error.detail)


def _is_active(current: Services, client: Principal) -> bool:
    if client.session_id is not None:
        return current.catalogue.people.is_signed_in(client.session_id)
    return client.key_id is None or current.catalogue.keys.find(client.key_id) is not None


def _look(current: Services, client: Principal, sent: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what can be sent now, each with its source; of the jobs, those that run or ran at the last look."""
    yield STATUS, event(STATUS, status_of(current, client).model_dump_json())
    if client.has_any((Scope.LISTEN,)):
        with suppress(BrokerUnavailable):  # the status says that no worker can be counted
            yield NOW_PLAYING, event(NOW_PLAYING, now_playing(current, client).model_dump_json())
    if client.has_any((Scope.INGEST,)):
        for job in current.catalogue.jobs.unfinished(sorted(sent.keys() - {STATUS, NOW_PLAYING})):
            progress = JobProgress.of(Job.of(job, to_admin=client.has_any(())))
            yield job.id, event("job", progress.model_dump_json())
