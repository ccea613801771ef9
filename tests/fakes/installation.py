"""A temporary installation of real processes (broker, worker, API) for fault tests."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import soundfile
from segue_client import Segue

from services.catalog import Catalogue
from services.local.supervisor import api_command
from services.local.valkey import LocalBroker, local_broker
from services.settings import Settings
from services.tasks.presence import Workers
from services.tasks.queue import TaskQueue
from tests.fakes.serving import ROOT, free_port

SAMPLE_RATE = 16_000
# Loading torch on two busy cores takes most of this time.
TIMEOUT_SECONDS = 120.0


def wait_until(condition: Callable[[], object], timeout: float = TIMEOUT_SECONDS, every: float = 0.05) -> float:
    """Wait until a condition is true. Return the seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < timeout, "the condition did not become true in time"
        time.sleep(every)
    return time.monotonic() - begun


def write_song(path: Path, seed: int = 0, seconds: float = 6) -> Path:
    """Write a chord with a beat. Each seed gives a different recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axis = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * (150 + 7 * seed) * ratio * axis) for ratio in (1, 1.25, 1.5))
    soundfile.write(path, 0.1 * chord * (1 + np.sign(np.sin(4 * np.pi * axis))), SAMPLE_RATE)
    return path


def write_songs(folder: Path, count: int) -> list[Path]:
    """Write different songs, and return their paths."""
    return [write_song(folder / f"{seed}.flac", seed) for seed in range(count)]


def write_noise(path: Path, seed: int, seconds: float = 120) -> Path:
    """Write minutes of noise, whose analysis takes a second or more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, int(seconds * SAMPLE_RATE)), SAMPLE_RATE)
    return path


@dataclass
class Program:
    """A process in its own session, with its log."""

    process: psutil.Popen
    log: Path

    @property
    def output(self) -> str:
        """The text of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Send SIGKILL to the process and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def suspend(self) -> None:
        """Send SIGSTOP to the process and all its children. Sockets stay open."""
        for process in [self.process, *self.process.children(recursive=True)]:
            process.suspend()

    def resume(self) -> None:
        """Send SIGCONT to the process and all its children."""
        for process in [self.process, *self.process.children(recursive=True)]:
            process.resume()

    def children(self, word: str) -> list[psutil.Process]:
        """Return the child processes with a word in their command line."""
        found = []
        for child in self.process.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # raised for a zombie
                found += [child] if word in " ".join(child.cmdline()) else []
        return found


@contextmanager
def running(command: list[str], log: Path, environment: Mapping[str, str], folder: Path = ROOT) -> Iterator[Program]:
    """Run a program, and kill it and its children at the end."""
    with log.open("ab") as output:
        process = psutil.Popen(
            command,
            env=os.environ | dict(environment),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Program(process, log)
    try:
        yield program
    finally:
        program.kill()


@contextmanager
def segue_up(data_dir: Path, log: Path) -> Iterator[tuple[Program, Segue]]:
    """Run `segue up` in its own session, and connect a client to it."""
    port = free_port()
    command = [sys.executable, "-m", "services.cli.main", "up", "--port", str(port)]
    variables = {"SEGUE_DATA_DIR": str(data_dir), "SEGUE_WORKER_PROCESSES": "1", "SEGUE_QUESTION_PROCESSES": "0"}
    with (
        running(command, log, variables) as program,
        Segue(f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        wait_until(lambda: "Ctrl-C" in program.output)
        yield program, client


@dataclass
class Installation:
    """The data directory, and methods that start the parts."""

    settings: Settings
    broker: LocalBroker
    catalogue: Catalogue
    queue: TaskQueue
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def workers(self) -> Workers:
        """The announcements of workers."""
        return Workers(self.queue)

    @property
    def worker_log(self) -> Path:
        """The log file of workers."""
        return self.settings.data_path / "worker.log"

    @contextmanager
    def worker(self, *options: str) -> Iterator[Program]:
        """Run a worker, by default with one child process."""
        command = [sys.executable, "-m", "services.cli.main", "worker", "--processes", "1", *options]
        with running(command, self.worker_log, self.environment) as program:
            yield program

    @contextmanager
    def watcher(self, **environment: str) -> Iterator[Program]:
        """Run the watcher of the library folders."""
        command = [sys.executable, "-m", "services.cli.main", "watch"]
        log = self.settings.data_path / "watcher.log"
        with running(command, log, self.environment | environment) as program:
            wait_until(lambda: "watcher_ready" in program.output)
            yield program

    @contextmanager
    def api(self, **environment: str) -> Iterator["Api"]:
        """Run an API process until it is ready."""
        port = free_port()
        command = api_command(self.settings.model_copy(update={"port": port}))
        variables = self.environment | {"SEGUE_PORT": str(port)} | environment
        with running(command, self.settings.data_path / "api.log", variables) as program:
            api = Api(program, f"http://127.0.0.1:{port}")
            with api.http:
                wait_until(api.is_ready)
                yield api


@dataclass
class Api:
    """An API process and a client of it."""

    program: Program
    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    def is_ready(self) -> bool:
        """Whether the readiness check passes."""
        try:
            return self.http.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def points(self) -> int:
        """Return the number of points in the index."""
        return int(self.http.get("/v1/status").json()["index"]["points"])


@contextmanager
def installation(data_dir: Path, **settings: object) -> Iterator[Installation]:
    """Run a broker and open a catalogue until the context ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    made = Settings(data_dir=data_dir, **settings)
    broker = local_broker(made)
    broker.start()
    catalogue = Catalogue.open(made.catalogue_url)
    catalogue.migrate()
    environment = {"SEGUE_DATA_DIR": str(data_dir), "SEGUE_REDIS_URL": broker.url, "SEGUE_SETTLE_SECONDS": "0"}
    if made.database_url is not None:
        environment["SEGUE_DATABASE_URL"] = made.catalogue_url
    if made.qdrant_url is not None:
        environment["SEGUE_QDRANT_URL"] = made.qdrant_url
    try:
        yield Installation(made, broker, catalogue, TaskQueue(broker.url), environment)
    finally:
        catalogue.close()
        broker.process.terminate()
        broker.process.wait_or_kill(time.monotonic() + 5)
        broker.remove_socket_folder()
