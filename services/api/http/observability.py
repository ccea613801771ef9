"""Logs, metrics and request ids."""

import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from werkzeug.wsgi import ClosingIterator

from services.api.http.collectors import InstallationCollector
from services.api.security.permissions import needs
from services.composition import Services
from services.domain.access import Scope
from services.settings import METRICS_DIR_VARIABLE
from services.telemetry.measures import PROCESS
from services.telemetry.tracing import continued, describe, in_logs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METRICS_PATH = "/metrics"
TRACE_HEADERS = ("traceparent", "tracestate")
REQUEST_ID_HEADER = "X-Request-ID"
# A client's own request id is used if it is plain, because it appears in logs and headers.
PLAIN_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Listener names are private and are not logged.
LISTENER_IN_PATH = re.compile(r"^(/v1/users/|/1/(?:[a-z-]+/)*users?/)([^/]+)(.*)", re.DOTALL)

# From a fast index query to a slow upload.
LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
UNROUTED = "(none)"

log = structlog.get_logger(__name__)


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
        self._in_flight = Gauge(
            "segue_requests_in_flight",
            "Requests whose responses are not complete, without those for metrics.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._installation = InstallationCollector(services)

    def install(self, app: Flask) -> None:
        """Observe all requests of an application."""
        app.wsgi_app = self._counted(app.wsgi_app)  # type: ignore[method-assign,assignment]
        app.before_request(self._begin)
        app.after_request(self._end)

    @needs(Scope.READ, installation=True)
    def exposition(self) -> Response:
        """Return all metrics in the Prometheus text format, added up over the processes that share a metrics folder."""
        registry = CollectorRegistry()
        if METRICS_DIR_VARIABLE in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(_MetricsOf(self.registry))
            registry.register(_MetricsOf(PROCESS))
        registry.register(self._installation)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    def _counted(self, application: "WSGIApplication") -> "WSGIApplication":
        """Count the requests that run. Event streams count as long as they last, because each needs a thread."""

        def count(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ.get("PATH_INFO") == METRICS_PATH:
                return application(environ, start_response)
            self._in_flight.inc()
            try:
                with continued(_trace_headers(environ), "request", "SERVER", {}):
                    response = application(environ, start_response)
            except BaseException:
                self._in_flight.dec()
                raise
            return ClosingIterator(response, self._in_flight.dec)

        return count

    def _begin(self) -> None:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        g.request_id = given if PLAIN_WORD.fullmatch(given) else uuid.uuid4().hex
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id, **in_logs())

    def _end(self, response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        response.headers[REQUEST_ID_HEADER] = g.request_id
        # The route, not the path: a label for each track id would fill the memory.
        endpoint = request.url_rule.rule if request.url_rule is not None else UNROUTED
        # Methods are free text in HTTP, so all unrouted ones share a label.
        method = request.method if request.url_rule is not None else UNROUTED
        describe(
            f"{method} {endpoint}",
            {
                "http.request.method": method,
                "http.route": endpoint,
                "http.response.status_code": response.status_code,
                "segue.request_id": g.request_id,
            },
        )
        self._seconds.labels(method, endpoint, response.status_code).observe(seconds)
        log.info(
            "request",
            method=request.method,
            path=_path_without_listener(),
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
        return response


def _trace_headers(environ: "WSGIEnvironment") -> dict[str, str]:
    """Return the headers with which clients pass on their traces (W3C Trace Context)."""
    return {name: environ[f"HTTP_{name.upper()}"] for name in TRACE_HEADERS if f"HTTP_{name.upper()}" in environ}


def _path_without_listener() -> str:
    # An unrouted path may contain a listener name with slashes, so everything after the prefix is hidden.
    return LISTENER_IN_PATH.sub(r"\1…" if request.url_rule is None else r"\1…\3", request.path)
