"""Logs, metrics and request ids."""

import os
import re
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
from services.settings import METRICS_DIR_VARIABLE

REQUEST_ID_HEADER = "X-Request-ID"
# A client's own request id is used if it is plain, because it appears in logs and headers.
PLAIN_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Listener names are private and are not logged.
LISTENER_IN_PATH = re.compile(r"^(/v1/users/|/1/(?:[a-z-]+/)*users?/)([^/]+)(.*)", re.DOTALL)

# From a fast index query to a slow upload.
LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
UNROUTED = "(none)"

log = structlog.get_logger(__name__)


class LibraryCollector(Collector):
    """Gauges that are read from catalogue and index at each scrape. Gauges of an unavailable part are left out."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> Iterator[Metric]:
        """Yield nothing, because registration must not need a database."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        tracks = GaugeMetricFamily("segue_tracks", "Tracks in the library.", labels=["status"])
        pending = GaugeMetricFamily("segue_index_pending", "Tracks whose changes are not yet in the vector index.")
        points = GaugeMetricFamily("segue_index_points", "Points in the vector index.")
        try:
            for status, count in self._services.catalogue.tracks.count_by_status().items():
                tracks.add_metric([status], count)
            pending.add_metric([], self._services.catalogue.indexing.count_pending())
        except SegueError as error:
            log.warning("metric_unavailable", reason=error.detail)
        try:
            points.add_metric([], self._services.index.count())
        except SegueError as error:
            log.warning("metric_unavailable", reason=error.detail)
        yield from (tracks, pending, points)


class _MetricsOf(Collector):
    """The metrics of another registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._registry.collect()


class RequestObserver:
    """Assigns request ids, and measures and logs each request."""

    def __init__(self, services: Services) -> None:
        self.registry = CollectorRegistry()
        """Holds the metrics of this process. Other parts of the API register theirs here."""
        self._seconds = Histogram(
            "segue_http_request_duration_seconds",
            "Time from the arrival of a request to the start of its response.",
            ["method", "endpoint", "status"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._library = LibraryCollector(services)

    def install(self, app: Flask) -> None:
        """Observe all requests of an application."""
        app.before_request(self._begin)
        app.after_request(self._end)

    @needs(Scope.READ)
    def exposition(self) -> Response:
        """Return all metrics in the Prometheus text format, added up over the processes that share a metrics folder."""
        registry = CollectorRegistry()
        if METRICS_DIR_VARIABLE in os.environ:
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
        # The route, not the path: a label for each track id would fill the memory.
        endpoint = request.url_rule.rule if request.url_rule is not None else UNROUTED
        # Methods are free text in HTTP, so all unrouted ones share a label.
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
    # An unrouted path may contain a listener name with slashes, so everything after the prefix is hidden.
    return LISTENER_IN_PATH.sub(r"\1…" if request.url_rule is None else r"\1…\3", request.path)
