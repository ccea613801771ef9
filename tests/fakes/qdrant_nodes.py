"""A stand-in for a Qdrant server or cluster, for tests on machines without the real one.

It is not Qdrant. One process, the store, holds the points in qdrant-client's local mode and serves the REST requests
that Segue sends. The nodes are processes that relay connections to it. So there are no shards, replicas or consensus: a
killed or frozen node (SIGSTOP) shows what its clients do, and a resumed node delivers late what it had received.

    python -m tests.fakes.qdrant_nodes DIRECTORY serve [NODES]             start a cluster and print SEGUE_QDRANT_URL
    python -m tests.fakes.qdrant_nodes DIRECTORY stop|freeze|thaw|start 2  what happens to node 2
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
STARTED_SECONDS = 60
COMMANDS = {"stop": signal.SIGKILL, "freeze": signal.SIGSTOP, "thaw": signal.SIGCONT}
CHUNK = 65536


class Cluster:
    """The processes of a cluster. A file has their ports and process ids, so that any process can signal them."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "cluster.json"
        self._state = json.loads(self._file.read_text()) if self._file.exists() else {"ports": [], "pids": {}}
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def urls(self) -> list[str]:
        """The addresses of the nodes; node 1 is the first."""
        return [f"http://127.0.0.1:{port}" for port in self._state["ports"]]

    def begin(self, nodes: int) -> None:
        """Start the store and the nodes."""
        store, *ports = free_ports(nodes + 1)
        self._state |= {"store": store, "ports": ports}
        self._run("store", "store", store)
        for number in range(1, nodes + 1):
            self.start(number)

    def start(self, number: int) -> None:
        """Start a node that was stopped."""
        self._run(str(number), "relay", self._state["ports"][number - 1], self._state["store"])

    def send(self, number: int, sent: signal.Signals) -> None:
        """Send a signal to a node; return when it has taken effect."""
        process = psutil.Process(self._state["pids"][str(number)])
        process.send_signal(sent)
        while sent == signal.SIGKILL and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        while sent == signal.SIGSTOP and process.status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)

    def stop(self, number: int) -> None:
        """Kill a node."""
        self.send(number, signal.SIGKILL)

    @contextmanager
    def frozen(self, number: int) -> Iterator[None]:
        """Freeze a node inside the context."""
        self.send(number, signal.SIGSTOP)
        try:
            yield
        finally:
            self.send(number, signal.SIGCONT)

    def end(self) -> None:
        """Kill every process."""
        for pid in self._state["pids"].values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for child in self._children:
            child.wait()

    def _run(self, name: str, role: str, port: int, *arguments: int) -> None:
        command = [sys.executable, "-m", "tests.fakes.qdrant_nodes", role, str(port), *map(str, arguments)]
        child = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        self._children.append(child)
        self._state["pids"][name] = child.pid
        self._file.write_text(json.dumps(self._state))
        deadline = time.monotonic() + STARTED_SECONDS
        while not _listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"'{' '.join(command)}' does not listen")
            time.sleep(0.05)


@contextmanager
def cluster(directory: Path, nodes: int = 3) -> Iterator[Cluster]:
    """Run a cluster inside the context."""
    made = Cluster(directory)
    try:
        made.begin(nodes)
        yield made
    finally:
        made.end()


def free_ports(count: int) -> list[int]:
    """Return ports that no process listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def relay(port: int, store: int) -> None:
    """Relay connections to the store."""
    with socket.create_server(("127.0.0.1", port), backlog=128) as server:
        while True:
            client, _ = server.accept()
            upstream = socket.create_connection(("127.0.0.1", store))
            for source, target in ((client, upstream), (upstream, client)):
                target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other side has closed the connection
        source.close()
        target.close()


def main(arguments: list[str]) -> None:
    """Run one command of the module's documentation, or one process of a cluster."""
    match arguments:
        case ["store", port]:
            from tests.fakes.qdrant_store import serve  # noqa: PLC0415  only the store needs qdrant-client

            serve(int(port))
        case ["relay", port, store]:
            relay(int(port), int(store))
        case [directory, "serve", *count]:
            Path(directory).mkdir(parents=True, exist_ok=True)
            with cluster(Path(directory), int(count[0]) if count else 3) as made:
                print(",".join(made.urls), flush=True)  # noqa: T201  the purpose of the command
                signal.sigwait({signal.SIGINT, signal.SIGTERM})
        case [directory, "start", number]:
            Cluster(Path(directory)).start(int(number))
        case [directory, command, number] if command in COMMANDS:
            Cluster(Path(directory)).send(int(number), COMMANDS[command])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
