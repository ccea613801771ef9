"""Measure what REST and gRPC to a Qdrant server cost in this process: `python tests/perf/bench_protocols.py`.

The servers are processes on this machine that return a fixed response at once, so nearly all that is measured is the
client: building requests, sending them, and reading responses. Processor time is that of this process.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from uuid import UUID

import grpc
import numpy as np
import psutil
from qdrant_client import QdrantClient, models
from qdrant_client import grpc as messages
from qdrant_client.conversions.conversion import RestToGrpc
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS
from services.index.nodes import Nodes
from tests.fakes.qdrant_nodes import free_ports
from tests.perf.verdicts import CONSOLE

QUERIES, HITS, POINTS, EXCLUDED = 4, 100, 500, 50
LIMIT = 5
IDS = [str(UUID(int=number + 1)) for number in range(POINTS)]
VECTOR = np.full(128, 128**-0.5, dtype=np.float32)
FILTER = models.Filter(
    must=[
        models.FieldCondition(key="energy", range=models.Range(gte=0.2, lte=0.8)),
        models.FieldCondition(key="year", range=models.Range(gte=1990)),
    ],
    must_not=[models.HasIdCondition(has_id=IDS[:EXCLUDED])],
)
PAYLOAD = dict.fromkeys(RANGE_FIELDS, 0.25) | {name: ["one", "two"] for name in KEYWORD_FIELDS}

Work = Callable[[], object]


class Canned(StreamRequestHandler):
    """Returns the response of a query or of a write to each HTTP request."""

    wbufsize = 65536
    disable_nagle_algorithm = True
    hits = json.dumps([{"points": [{"id": each, "version": 1, "score": 0.5} for each in IDS[:HITS]]}] * QUERIES)
    done = json.dumps({"operation_id": 1, "status": "completed"})

    def handle(self) -> None:
        """Serve one connection."""
        while first := self.rfile.readline():
            length = 0
            while (line := self.rfile.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.rfile.read(length)
            body = (
                f'{{"result": {self.hits if b"/query" in first else self.done}, "status": "ok", "time": 0.0}}'.encode()
            )
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            self.wfile.flush()


class CannedMessages(grpc.GenericRpcHandler):
    """The same for gRPC."""

    hits = messages.QueryBatchResponse(
        result=[
            messages.BatchResult(
                result=[messages.ScoredPoint(id=messages.PointId(uuid=each), score=0.5) for each in IDS[:HITS]]
            )
        ]
        * QUERIES
    ).SerializeToString()
    done = messages.PointsOperationResponse(
        result=messages.UpdateResult(operation_id=1, status=messages.UpdateStatus.Completed)
    ).SerializeToString()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return what serves a method."""
        answer = self.hits if "Query" in handler_call_details.method else self.done
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer, bytes, bytes)


def serve(rest: int, rpc: int) -> None:
    """Serve both protocols."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((CannedMessages(),))
    server.add_insecure_port(f"127.0.0.1:{rpc}")
    server.start()
    ThreadingTCPServer.allow_reuse_address = True
    ThreadingTCPServer(("127.0.0.1", rest), Canned).serve_forever()


@contextmanager
def servers() -> Iterator[tuple[int, int]]:
    """Run the servers in a process of their own, and yield their ports."""
    rest, rpc = free_ports(2)
    process = subprocess.Popen([sys.executable, __file__, "--serve", str(rest), str(rpc)])
    try:
        while socket.socket().connect_ex(("127.0.0.1", rest)):
            time.sleep(0.1)
        yield rest, rpc
    finally:
        process.kill()
        process.wait()


def through_library(client: QdrantClient) -> tuple[Work, Work]:
    """Return a query and a write as the adapter makes them."""

    def query() -> object:
        asked = [models.QueryRequest(query=VECTOR.tolist(), limit=HITS, filter=FILTER) for _ in range(QUERIES)]
        answers = client.query_batch_points("segue", asked)
        return [[(hit.id, hit.score) for hit in answer.points] for answer in answers]

    def write() -> object:
        points = [models.PointStruct(id=each, vector=VECTOR.tolist(), payload=dict(PAYLOAD)) for each in IDS]
        return client.upsert("segue", points)

    return query, write


def through_messages(port: int) -> tuple[Work, Work]:
    """Return a query and a write made of gRPC's own messages, without the conversions of the client library."""
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)])
    points = messages.PointsStub(channel)

    def query() -> object:
        vector = messages.Query(nearest=messages.VectorInput(dense=messages.DenseVector(data=VECTOR)))
        asked = [
            messages.QueryPoints(query=vector, limit=HITS, filter=RestToGrpc.convert_filter(FILTER))
            for _ in range(QUERIES)
        ]
        answers = points.QueryBatch(messages.QueryBatchPoints(query_points=asked), timeout=LIMIT).result
        return [[(hit.id.uuid, hit.score) for hit in answer.result] for answer in answers]

    def write() -> object:
        written = [
            messages.PointStruct(
                id=messages.PointId(uuid=each),
                vectors=messages.Vectors(vector=messages.Vector(dense=messages.DenseVector(data=VECTOR))),
                payload=RestToGrpc.convert_payload(PAYLOAD),
            )
            for each in IDS
        ]
        return points.Upsert(messages.UpsertPoints(points=written), timeout=LIMIT)

    return query, write


def measured(work: Work, times: int) -> str:
    """Return the median of the wall time, and the mean processor time."""
    for _ in range(3):
        work()
    taken, processor = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    processor = (time.process_time() - processor) / times
    return f"{statistics.median(taken) * 1000:.2f} / {processor * 1000:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", type=int, nargs=2, metavar=("REST", "GRPC"))
    parser.add_argument("--times", type=int, default=300)
    asked = parser.parse_args()
    if asked.serve:
        serve(*asked.serve)
    warnings.simplefilter("ignore")
    table = Table(
        "client", f"{QUERIES} queries of {HITS} hits, ms p50 / CPU", f"{POINTS} points written", "MiB after it"
    )
    with servers() as (rest, rpc):
        url = f"http://127.0.0.1:{rest}"
        kinds: dict[str, Callable[[], tuple[Work, Work]]] = {
            "REST, a connection per request": lambda: through_library(QdrantClient(url, timeout=LIMIT)),
            "REST, one node of Segue": lambda: through_library(Nodes([url]).client(None, LIMIT)),
            "REST, three nodes of Segue": lambda: through_library(
                Nodes([url, f"http://localhost:{rest}", f"{url}/"]).client(None, LIMIT)
            ),
            "gRPC, client library": lambda: through_library(
                QdrantClient(url, grpc_port=rpc, prefer_grpc=True, timeout=LIMIT)
            ),
            "gRPC, its own messages": lambda: through_messages(rpc),
        }
        for name, opened in kinds.items():
            query, write = opened()
            row = [measured(query, asked.times), measured(write, max(asked.times // 10, 3))]
            table.add_row(name, *row, f"{psutil.Process().memory_info().rss / 2**20:.0f}")
    CONSOLE.print(table)


if __name__ == "__main__":
    main()
