"""What operators see: one log line and one measurement a request, gauges of the library, request ids."""

import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Iterator

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from services.api.security.permissions import needs
from services.composition import Services
from services.domain.access import Scope
from services.domain.errors import SegueError
from services.logs import COMMON

REQUEST_ID_HEADER = "X-Request-ID"
# A client's own id is taken when it is a plain word: it ends up in logs and headers.
PLAIN_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Who listens is nobody's business: the log says what was asked for, not about whom.
LISTENER_IN_PATH = re.compile(r"^(/v1/users/|/1/(?:[a-z-]+/)*users?/)([^/]+)(.*)", re.DOTALL)

# From an index hit on an idle machine to the slowest upload.
LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
UNROUTED = "(none)"

# prometheus_client reads this variable itself: with it, metrics are shared between processes by files in a directory.
MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

log = structlog.get_logger(__name__)


def configure_logging(level: str) -> None:
    """Log one JSON object a line to standard error, with what is bound to the request."""
    structlog.configure(
        processors=[
            *COMMON,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class LibraryCollector(Collector):
    """Counts that are read from catalogue and index when they are asked for; a part that is down leaves its own out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: describing must not need a database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """The gauges of this moment."""
        tracks = GaugeMetricFamily("segue_tracks", "Tracks in the library.", labels=["status"])
        pending = GaugeMetricFamily("segue_index_pending", "Tracks whose change the vector index has yet to take in.")
        points = GaugeMetricFamily("segue_index_points", "Points in the vector index.")
        try:
            for status, count in self._services.catalogue.tracks.count_by_status().items():
                tracks.add_metric([status], count)
            pending.add_metric([], self._services.catalogue.indexing.count_pending())
        except SegueError as error:
            log.warning("metric_left_out", reason=error.detail)
        try:
            points.add_metric([], self._services.index.count())
        except SegueError as error:
            log.warning("metric_left_out", reason=error.detail)
        yield from (tracks, pending, points)


class _MetricsOf(Collector):
    """The metrics of another registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._registry.collect()


class RequestObserver:
    """Gives each request an id, and measures and logs it when it ends."""

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry()
        """Holds the metrics of this process. Other parts of the API register theirs here."""
        self._seconds = Histogram(
            "segue_http_request_duration_seconds",
            "Time from a request's arrival to the start of its answer.",
            ["method", "endpoint", "status"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._library = LibraryCollector(services)

    def install(self, app: Flask) -> None:
        """Observe every request of an application."""
        app.before_request(self._begin)
        app.after_request(self._end)

    @needs(Scope.READ)
    def exposition(self) -> Response:
        """Return all metrics in the Prometheus text format, added up over all API processes."""
        registry = CollectorRegistry()
        if MULTIPROCESS_VARIABLE in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(_MetricsOf(self.registry))
        registry.register(self._library)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    def _begin(self) -> None:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if PLAIN_WORD.fullmatch(given) else uuid.uuid4().hex
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def _end(self, response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        response.headers[REQUEST_ID_HEADER] = g.request_id
        # The route, not the path: a label for every track id would fill the memory.
        endpoint = request.url_rule.rule if request.url_rule is not None else UNROUTED
        # Methods are free text in HTTP: what no route knows is counted as one.
        method = request.method if request.url_rule is not None else UNROUTED
        self._seconds.labels(method, endpoint, response.status_code).observe(seconds)
        log.info(
            "request",
            method=request.method,
            path=_path_without_listener(),
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
        return response


def _path_without_listener() -> str:
    # Behind a path that nothing serves anything may stand, the rest of a name with a slash as well.
    return LISTENER_IN_PATH.sub(r"\1…" if request.url_rule is None else r"\1…\3", request.path)
