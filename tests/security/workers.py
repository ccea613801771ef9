"""A broker, a catalogue and a worker process of their own, as an installation has them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.broker import LocalBroker, local_broker
from services.catalog import Catalogue
from services.queue import TaskQueue
from services.settings import Settings

PATIENCE_SECONDS = 120.0  # loading torch on two busy cores takes most of it


@dataclass
class Installation:
    """Its parts."""

    settings: Settings
    broker: LocalBroker
    catalogue: Catalogue
    queue: TaskQueue


@contextmanager
def installation(data_dir: Path) -> Iterator[Installation]:
    """Broker and catalogue, until the context ends."""
    settings = Settings(data_dir=data_dir)
    broker = local_broker(settings)
    broker.start()
    catalogue = Catalogue.open(settings.catalogue_url)
    catalogue.migrate()
    try:
        yield Installation(settings, broker, catalogue, TaskQueue(broker.url))
    finally:
        catalogue.close()
        broker.process.ask_to_stop()
        broker.process.wait(time.monotonic() + 5)


@contextmanager
def running_worker(here: Installation) -> Iterator["subprocess.Popen[bytes]"]:
    """`segue worker` with one child, until the context ends."""
    environment = os.environ | {"SEGUE_DATA_DIR": str(here.settings.data_path), "SEGUE_REDIS_URL": here.broker.url}
    command = [sys.executable, "-m", "services.cli", "worker", "--processes", "1"]
    with (here.settings.data_path / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], object], patience: float = PATIENCE_SECONDS) -> None:
    """Wait for something to be true."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)
