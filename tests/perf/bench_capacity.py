"""Measure what one request and one track cost: `python tests/perf/bench_capacity.py [--tracks 20000]`.

It runs an API process on PostgreSQL, with the index in the process, and prints for each kind of request the processor
time of the API outside the index, that of the database, and the bytes between client, API and database; then the bytes
of a track in both databases. Requests have a key, as on servers.
`services/capacity/costs.toml` holds the figures.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np
import psutil
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from services.catalog import Catalogue
from services.domain.access import Scope
from services.domain.vector_index import Query
from services.index.embedded import IvfIndex
from tests.fakes.postgres import postgres_binaries, started_postgres
from tests.fakes.serving import free_port
from tests.perf.bench_recommend import (
    CANDIDATES,
    FILTERS,
    JSON,
    NARROW,
    Ask,
    name,
    recommend,
    served,
    similar,
    written,
)
from tests.perf.verdicts import CONSOLE, show

WARM_UP, ROUNDS = 30, 300
IDLE_SECONDS = 3.0
TASTES = 3
"""Of the histories: one query of the index for each."""
Processes = tuple[psutil.Process, psutil.Process]


@dataclass(frozen=True)
class Cost:
    """What one request takes: milliseconds of processor time, and bytes."""

    api_ms: float
    database_ms: float
    sent: float
    received: float
    database_bytes: float


class Relay:
    """Passes on connections of a TCP port to PostgreSQL's socket, and counts the bytes."""

    def __init__(self, socket_file: Path) -> None:
        self._file = socket_file
        self.port = free_port()
        self.count = 0
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(self._file))
        await asyncio.gather(self._copy(reader, inner_writer), self._copy(inner_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            self.count += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=20_000)
    count = parser.parse_args().tracks
    binaries = postgres_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed: tests/install-system-packages installs it.")
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        written(count, Path(folder) / "sqlite")
        sqlite = (Path(folder) / "sqlite" / "catalogue.db").stat().st_size / count
        with started_postgres(binaries) as url:
            sockets = Path(url.partition("host=")[2])
            relay = Relay(sockets / ".s.PGSQL.5432")
            os.environ["SEGUE_DATABASE_URL"] = f"postgresql+psycopg://segue@127.0.0.1:{relay.port}/postgres"
            vectors, postgres = written(count, Path(folder) / "postgres"), database_bytes(url) / count
            server = psutil.Process(int((sockets / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
            costs, memory = requests(vectors, Path(folder) / "postgres", server, relay)
    rows = [
        (
            kind,
            f"{cost.api_ms:.2f}",
            f"{cost.database_ms:.2f}",
            *(f"{amount:,.0f}" for amount in (cost.sent, cost.received, cost.database_bytes)),
        )
        for kind, cost in costs.items()
    ]
    show(
        f"One request, {count:,} tracks",
        ("request", "API without index, CPU ms", "database, CPU ms", "bytes in", "bytes out", "from the database"),
        rows,
    )
    CONSOLE.print(f"memory of the API process {memory:.0f} MB")
    CONSOLE.print(f"a track in PostgreSQL {postgres:,.0f} bytes, in SQLite {sqlite:,.0f} bytes")


def requests(
    vectors: np.ndarray, folder: Path, postgres: psutil.Process, relay: Relay
) -> tuple[dict[str, Cost], float]:
    """Return the cost of each kind of request, and the memory of the API process in megabytes."""
    count = len(vectors)
    random = np.random.default_rng(1)
    os.environ |= {"SEGUE_RATE_LIMIT": "1000000", "SEGUE_EXPENSIVE_RATE_LIMIT": "1000000"}
    headers = {"Authorization": f"Bearer {new_key()}"}
    with (
        served(folder, count) as url,
        httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client,
    ):
        api = api_worker()
        kinds: dict[str, Iterator[Ask]] = {
            "similar": similar(random, count),
            "history of 50": recommend(random, count, 50, filters=FILTERS),
            "radio": radio(client, random, count),
            "library page": page(random, count),
        }
        measured = {kind: measure(client, asked, (api, postgres), relay) for kind, asked in kinds.items()}
        memory = api.memory_info().rss / 2**20
    one, three = index_ms(folder, vectors, random, 1, filtered=False), index_ms(folder, vectors, random, TASTES)
    index = {"similar": one, "history of 50": three, "radio": one * TASTES, "library page": 0.0}
    CONSOLE.print(f"index, CPU ms: one query {one:.2f}; {TASTES} queries with two filters {three:.2f}")
    return {kind: without(cost, index[kind]) for kind, cost in measured.items()}, memory


def without(cost: Cost, index_cost: float) -> Cost:
    """Return the cost without the index."""
    return replace(cost, api_ms=cost.api_ms - index_cost)


def measure(client: httpx.Client, asked: Iterator[Ask], processes: Processes, relay: Relay) -> Cost:
    """Send requests one after another, and divide what they took by their number."""
    for _ in range(WARM_UP):
        next(asked)(client).raise_for_status()
    idle = [-seconds for seconds in map(busy, processes)]
    time.sleep(IDLE_SECONDS)
    idle = [before + after for before, after in zip(idle, map(busy, processes), strict=True)]
    began, before, relayed = time.perf_counter(), [busy(process) for process in processes], relay.count
    responses = [next(asked)(client).raise_for_status() for _ in range(ROUNDS)]
    share = (time.perf_counter() - began) / IDLE_SECONDS
    api, database = (
        (busy(process) - start - share * each) * 1000 / ROUNDS
        for process, start, each in zip(processes, before, idle, strict=True)
    )
    return Cost(
        api,
        database,
        sum(len(one.request.content) + len(str(one.request.url)) + _length(one.request.headers) for one in responses)
        / ROUNDS,
        sum(one.num_bytes_downloaded + _length(one.headers) for one in responses) / ROUNDS,
        (relay.count - relayed) / ROUNDS,
    )


def _length(headers: httpx.Headers) -> int:
    return sum(len(key) + len(value) + len(": \r\n") for key, value in headers.raw)


def busy(process: psutil.Process) -> float:
    """Seconds of processor time of a process and of its children."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def api_worker() -> psutil.Process:
    """Return the process that handles requests: the child of gunicorn's first process."""
    found = [child for child in psutil.Process().children(recursive=True) if "services.api.app" in _command(child)]
    [worker] = [process for process in found if "services.api.app" in _command(process.parent())]
    return worker


def _command(process: psutil.Process | None) -> str:
    return "" if process is None else " ".join(process.cmdline())


def radio(client: httpx.Client, random: np.random.Generator, count: int) -> Iterator[Ask]:
    """Sessions of ten calls: each reports what was played, and gets the next tracks."""
    while True:
        seeds = [name(int(number)) for number in random.integers(count, size=TASTES)]
        began = client.post("/v1/radio", json={"seeds": seeds, "limit": 10})
        session, tracks = began.json()["id"], began.json()["tracks"]
        for _ in range(10):
            events = [{"track_id": each["id"], "event": "play"} for each in tracks[:3]]
            body = json.dumps({"events": events, "limit": 10, "call": str(uuid4())})
            path = f"/v1/radio/{session}/next"
            yield lambda client, path=path, body=body: client.post(path, content=body, headers=JSON)


def page(random: np.random.Generator, count: int) -> Iterator[Ask]:
    """One page of the library after another, from any place."""
    while True:
        path = f"/v1/tracks?limit=100&offset={int(random.integers(count - 100))}"
        yield lambda client, path=path: client.get(path)


def index_ms(
    folder: Path, vectors: np.ndarray, random: np.random.Generator, queries: int, *, filtered: bool = True
) -> float:
    """Milliseconds of processor time of one call of the index."""
    current = (folder / "index" / "current").read_text(encoding="utf-8")
    index = IvfIndex.load(folder / "index" / current)
    filters = {"filters": NARROW} if filtered else {}
    began = time.process_time()
    for _ in range(ROUNDS):
        index.query([Query(vectors[row], CANDIDATES, **filters) for row in random.integers(len(vectors), size=queries)])
    took = time.process_time() - began
    index.close()
    return took * 1000 / ROUNDS


def new_key() -> str:
    """Create a key of the catalogue."""
    catalogue = Catalogue.open(os.environ["SEGUE_DATABASE_URL"])
    try:
        return catalogue.keys.create("bench", [Scope.ADMIN]).text
    finally:
        catalogue.close()


def database_bytes(url: str) -> int:
    """Return the size of the database, with its indexes."""
    catalogue = Catalogue.open(url)
    try:
        with catalogue.database.read() as session:
            return int(session.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    finally:
        catalogue.close()


if __name__ == "__main__":
    main()
