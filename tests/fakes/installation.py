"""A Segue of real processes on a data directory of its own, to be broken by tests: broker, worker, API."""

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

from services.catalog import Catalogue
from services.local.supervisor import api_command
from services.local.valkey import LocalBroker, local_broker
from services.settings import Settings
from services.tasks.queue import TaskQueue
from tests.fakes.serving import ROOT, free_port

SAMPLE_RATE = 16_000
# Starting torch on two busy cores takes most of it.
TIMEOUT_SECONDS = 120.0


def wait_until(condition: Callable[[], object], timeout: float = TIMEOUT_SECONDS, every: float = 0.05) -> float:
    """Wait until a condition is true. Return the seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < timeout, "the condition did not become true in time"
        time.sleep(every)
    return time.monotonic() - begun


def write_song(path: Path, seed: int, seconds: float = 6) -> Path:
    """A chord with a beat; each seed is a recording of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axis = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * (150 + 7 * seed) * ratio * axis) for ratio in (1, 1.25, 1.5))
    soundfile.write(path, 0.1 * chord * (1 + np.sign(np.sin(4 * np.pi * axis))), SAMPLE_RATE)
    return path


def write_noise(path: Path, seed: int, seconds: float = 120) -> Path:
    """Minutes of noise: a second or more of work, time to break something in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, int(seconds * SAMPLE_RATE)), SAMPLE_RATE)
    return path


@dataclass
class Program:
    """A process in a session of its own, with its log."""

    process: psutil.Popen
    log: Path

    @property
    def said(self) -> str:
        """What it has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kill -9 the whole session, children and all."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGSTOP all of it: sockets stay open and nobody answers."""
        for process in [self.process, *self.process.children(recursive=True)]:
            process.suspend()

    def go_on(self) -> None:
        """SIGCONT all of it."""
        for process in [self.process, *self.process.children(recursive=True)]:
            process.resume()


@contextmanager
def running(command: list[str], log: Path, environment: Mapping[str, str], folder: Path = ROOT) -> Iterator[Program]:
    """A program; killed with all its children at the end, if it still runs."""
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


@dataclass
class Installation:
    """Where everything is, and how to start the parts."""

    settings: Settings
    broker: LocalBroker
    catalogue: Catalogue
    queue: TaskQueue
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def worker_log(self) -> Path:
        """What workers write to."""
        return self.settings.data_path / "worker.log"

    @contextmanager
    def worker(self, *options: str) -> Iterator[Program]:
        """A worker with one child unless told otherwise."""
        command = [sys.executable, "-m", "services.cli.main", "worker", "--processes", "1", *options]
        with running(command, self.worker_log, self.environment) as program:
            yield program

    @contextmanager
    def api(self, **environment: str) -> Iterator["Api"]:
        """The API process, ready."""
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
        """Whether every part of the service is ready."""
        try:
            return self.http.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def points(self) -> int:
        """How many points the index has."""
        return int(self.http.get("/v1/status").json()["index"]["points"])


@contextmanager
def installation(data_dir: Path, **settings: object) -> Iterator[Installation]:
    """A broker that runs and a catalogue; everything of it ends with the context."""
    data_dir.mkdir(parents=True, exist_ok=True)
    made = Settings(data_dir=data_dir, **settings)
    broker = local_broker(made)
    broker.start()
    catalogue = Catalogue.open(made.catalogue_url)
    catalogue.migrate()
    environment = {"SEGUE_DATA_DIR": str(data_dir), "SEGUE_REDIS_URL": broker.url}
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
