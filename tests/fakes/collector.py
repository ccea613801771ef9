"""A collector of OpenTelemetry traces: an HTTP server on loopback that keeps the spans it receives."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """The address of the server, its spans with the name of the service that sent them, and the log of the API."""

    url: str
    spans: list[tuple[str, Any]] = field(default_factory=list)
    log: str = ""

    def children(self, parent: Any) -> dict[str, Any]:
        """Return the spans inside a span, by name."""
        return {each.name: each for _, each in self.spans if each.parent_span_id == parent.span_id}

    def named(self, name: str) -> list[tuple[str, Any]]:
        """Return the spans with a name, each with the name of its service."""
        return [(service, each) for service, each in self.spans if each.name == name]


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                [service] = [
                    each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
                ]
                received.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
