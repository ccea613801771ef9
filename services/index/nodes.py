"""The nodes of a Qdrant cluster behind one client: requests are spread over them, and another node replaces a dead one.

`Nodes` is the transport of qdrant-client's HTTP client, so every request of the adapter passes through it. docs/adr/031
explains the rules.
"""

import itertools
import json
import re
import time
from collections.abc import Iterator, Sequence
from threading import Lock

import httpx
import structlog
from qdrant_client import QdrantClient

from services.circuit import Circuit, CircuitOpen

DEFAULT_PORT = 6333
# A request with a limit of at least so many seconds is background work: it asks a node first whether it responds, and
# tries all nodes twice.
PATIENT_SECONDS = 10
# A healthy node answers in a millisecond. The answer waits for no lock and no disk.
PROBE_SECONDS = 1.0
# A node may apply a write that it received before it froze after it responds again. Qdrant itself gives an update up
# after 40 s at most.
SETTLED_SECONDS = 60.0

_WRITE = re.compile(r"/collections/[^/]+/points(/delete)?")
# These can be repeated: they read, or they write points as a whole. Creating a collection twice is an error.
_REPEATABLE = re.compile(r"/collections/[^/]+/points(/.*)?")
_PROBE = httpx.Request("GET", "http://node/healthz")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

log = structlog.get_logger(__name__)


class _Node:
    """One address, whether it responds, and the ids of points that it may write late."""

    def __init__(self, address: str) -> None:
        url = httpx.URL(address)
        self.url = url.copy_with(port=url.port or DEFAULT_PORT, username=None, password=None)
        self.name = self.url.netloc.decode("ascii")
        self.circuit = Circuit(lambda error: isinstance(error, httpx.TransportError))
        self.late: set[str] = set()
        self.responds_since: float | None = None

    def addressed(self, request: httpx.Request, seconds: float) -> httpx.Request:
        """Return the request for this node, with a limit for each of its steps."""
        path = self.url.raw_path.rstrip(b"/") + request.url.raw_path
        url = self.url.copy_with(raw_path=path)
        headers = httpx.Headers(request.headers)
        headers["Host"] = self.name
        timeout = httpx.Timeout(seconds).as_dict()
        return httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions={"timeout": timeout}
        )


class Nodes(httpx.BaseTransport):
    """Sends each request to a node that responds, in turn; thread-safe.

    A request that can be repeated gets half of its limit for each attempt. A node that failed several times in a row is
    left out for a few seconds.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._nodes = [_Node(address) for address in addresses]
        self._turn = itertools.count()
        self._http = httpx.HTTPTransport()
        self._lock = Lock()

    def client(self, api_key: str | None, limit: int) -> QdrantClient:
        """Return a client of these nodes; `limit` is in seconds. No request is sent."""
        first = self._nodes[0].url
        return QdrantClient(
            url=f"{first.scheme}://{self._nodes[0].name}",
            api_key=api_key,
            timeout=limit,
            check_compatibility=False,
            transport=self,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.TransportError: no node answered in time.
            CircuitOpen: no node has answered for a while, and none was asked.
        """
        limit: float = request.extensions["timeout"]["read"]
        can_repeat = request.method == "GET" or _REPEATABLE.fullmatch(request.url.path) is not None
        share = limit / 2 if can_repeat and len(self._nodes) > 1 else limit
        deadline = time.monotonic() + limit
        outcome: httpx.Response | Exception = CircuitOpen()
        for node in self._in_turn(2 if limit >= PATIENT_SECONDS else 1):
            seconds = min(share, deadline - time.monotonic())
            if seconds < share / 2:
                break
            outcome = self._attempt(node, request, seconds, outcome)
            if isinstance(outcome, httpx.Response):
                if outcome.status_code < httpx.codes.INTERNAL_SERVER_ERROR or not can_repeat:
                    return outcome
            elif not can_repeat and not isinstance(outcome, (CircuitOpen, *_NOT_SENT)):
                break
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def silent(self) -> list[str]:
        """Return the host and port of the nodes that have not responded lately."""
        return [node.name for node in self._nodes if node.circuit.is_open]

    def late_writes(self) -> list[str]:
        """Return the ids of points that a node may have overwritten late, and forget them.

        A node that froze may apply what it had received when it resumes, after newer writes of other nodes.
        """
        found: set[str] = set()
        with self._lock:
            for node in self._nodes:
                if node.responds_since is not None and time.monotonic() - node.responds_since > SETTLED_SECONDS:
                    found |= node.late
                    node.late = set()
        return sorted(found)

    def _in_turn(self, rounds: int) -> Iterator[_Node]:
        first = next(self._turn) % len(self._nodes)
        for _ in range(rounds):
            yield from self._nodes[first:]
            yield from self._nodes[:first]

    def _attempt(
        self, node: _Node, request: httpx.Request, seconds: float, before: httpx.Response | Exception
    ) -> httpx.Response | Exception:
        """Return the response or the error of one node; what happened before if the node is left out."""
        steps = [(request, seconds)]
        if len(self._nodes) > 1 and request.extensions["timeout"]["read"] >= PATIENT_SECONDS:
            steps.insert(0, (_PROBE, PROBE_SECONDS))
        try:
            with node.circuit.call():
                for sent, limit in steps:
                    response = self._send(node, sent, limit)
        except CircuitOpen:
            return before
        except httpx.TransportError as error:
            log.warning("index_node_failed", node=node.name, reason=f"{type(error).__name__}: {error}")
            self._note_failure(node, sent, error)
            return error
        if node.responds_since is None:
            node.responds_since = time.monotonic()
        return response

    def _send(self, node: _Node, request: httpx.Request, seconds: float) -> httpx.Response:
        response = self._http.handle_request(node.addressed(request, seconds))
        response.read()  # here, so that a node that dies in the middle of a response is replaced too
        return response

    def _note_failure(self, node: _Node, sent: httpx.Request, error: httpx.TransportError) -> None:
        with self._lock:
            node.responds_since = None
            if sent.method != "GET" and _WRITE.fullmatch(sent.url.path) and not isinstance(error, _NOT_SENT):
                points = json.loads(sent.read())["points"]
                node.late.update(point["id"] if isinstance(point, dict) else point for point in points)
