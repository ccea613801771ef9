"""Traces for OpenTelemetry, from the HTTP request to the stages of the worker's tasks.

Without `SEGUE_TRACES_URL` nothing here imports OpenTelemetry, and each function does nothing.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from services.domain.errors import NotConfigured
from services.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

# A collector on the same network responds in milliseconds. One that does not must not delay the end of a process.
EXPORT_SECONDS = 2.0

_provider: "TracerProvider | None" = None
_tracer: "Tracer | None" = None


def start_tracing(settings: Settings, service: str) -> None:
    """Send the traces of this process to the collector of the settings; call it after a fork.

    OpenTelemetry reads its own variables for all else, such as `OTEL_TRACES_SAMPLER`.

    Raises:
        NotConfigured: there is a collector, and OpenTelemetry is not installed.
    """
    global _provider, _tracer  # noqa: PLW0603  one a process, by design
    if settings.traces_url is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise NotConfigured(
            "SEGUE_TRACES_URL is set, but OpenTelemetry is not installed. Install segue[tracing], or unset it."
        ) from error
    _provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    exporter = OTLPSpanExporter(endpoint=settings.traces_url, timeout=EXPORT_SECONDS)
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _provider.get_tracer("segue")


def stop_tracing() -> None:
    """Send what was not sent yet; call it at the end of the process."""
    global _provider, _tracer  # noqa: PLW0603
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


@contextmanager
def continued(
    headers: Mapping[str, str], name: str, kind: Literal["SERVER", "CONSUMER"], attributes: Mapping[str, str]
) -> Iterator[None]:
    """Record a span that continues the trace of the headers of a request or a message, or begins a new one."""
    if _tracer is None:
        yield
        return
    from opentelemetry.propagate import extract  # noqa: PLC0415  only with tracing
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    with _tracer.start_as_current_span(name, extract(headers), SpanKind[kind], attributes):
        yield


@contextmanager
def span(name: str) -> Iterator[None]:
    """Record a span inside the current one."""
    if _tracer is None:
        yield
    else:
        with _tracer.start_as_current_span(name):
            yield


def past_spans(seconds: Mapping[str, float]) -> None:
    """Record spans that followed one another and have just ended, by name."""
    if _tracer is None:
        return
    at = time.time_ns() - _nanoseconds(sum(seconds.values()))
    for name, each in seconds.items():
        past = _tracer.start_span(name, start_time=at)
        at += _nanoseconds(each)
        past.end(at)


def describe(name: str, attributes: Mapping[str, str | int]) -> None:
    """Give the current span another name, and attributes."""
    if _tracer is not None:
        from opentelemetry.trace import get_current_span  # noqa: PLC0415  only with tracing

        current = get_current_span()
        current.update_name(name)
        current.set_attributes(attributes)


def carried() -> dict[str, str]:
    """Return the headers with which a message continues the current trace."""
    headers: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.propagate import inject  # noqa: PLC0415  only with tracing

        inject(headers)
    return headers


def in_logs() -> dict[str, str]:
    """Return what log events contain to find the current trace."""
    if _tracer is None:
        return {}
    from opentelemetry.trace import format_trace_id, get_current_span  # noqa: PLC0415  only with tracing

    return {"trace_id": format_trace_id(get_current_span().get_span_context().trace_id)}


def _nanoseconds(seconds: float) -> int:
    return round(1e9 * seconds)
