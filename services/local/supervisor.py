"""`segue up`: starts every part on one machine, watches them, stops them."""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from services.api.request_limits import REQUEST_LINE_MAX
from services.api.security.exposure import refuse_exposure
from services.catalog import Catalogue
from services.domain.access import Scope
from services.domain.errors import NotConfigured, SegueError, Unavailable
from services.local.child_process import ChildProcess
from services.local.valkey import LocalBroker, local_broker
from services.settings import Settings
from services.storage.locks import instance_lock
from services.tasks.lost_work import resend_analyses, resend_scans
from services.tasks.queue import TaskQueue, open_queue

# Ctrl-C must have ended everything in 10 s: so long for the API and the worker, so long for the broker after them.
STOP_SECONDS = 7.0
BROKER_STOP_SECONDS = 2.0
# Requests and the indexer's batch end in well under this.
API_GRACEFUL_SECONDS = 3


class Supervisor:
    """A context: inside it everything runs; `tend` must be called now and then, from the thread that entered.

    (The kernel ends the children when that *thread* ends, so no other may start them.) `report` is told in a sentence
    what a person should know.
    """

    def __init__(self, settings: Settings, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._report = report
        self._broker: LocalBroker | None = None
        self._children: list[ChildProcess] = []
        self._held = ExitStack()
        self._in_trouble: set[str] = set()
        self.client_key: str | None = None
        """The key with which whoever started everything asks the API."""

    def __enter__(self) -> Self:
        """Start everything.

        Raises:
            AlreadyRunning: another `segue up` runs on this data directory.
            NotConfigured: the port is taken, or the data directory cannot be used.
            Unavailable: the broker did not start, or the catalogue does not open.
        """
        self._held.enter_context(instance_lock(self._settings))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    @property
    def children(self) -> list[ChildProcess]:
        """Every part, in the order of starting."""
        return [*([self._broker.process] if self._broker else []), *self._children]

    def check(self) -> None:
        """Look whether every part runs; used until the service is ready.

        Raises:
            Unavailable: one has died; the message quotes the end of its log.
        """
        for child in self.children:
            if not child.is_alive():
                raise Unavailable(f"The {child.name} did not start. The end of {child.log_path}:\n{child.log_tail()}")

    def tend(self) -> None:
        """Restart what has died and set large logs aside; what fails, on a full disk say, is tried again next time."""
        for child in self.children:
            try:
                exit_code = child.restart_if_dead()
                if exit_code is not None:
                    self._tell(f"The {child.name} ended (exit code {exit_code}) and is restarted: see {child.log_path}")
                child.rotate_log()
            except (SegueError, OSError) as error:
                if child.name not in self._in_trouble:  # once, not twice a second
                    self._tell(f"The {child.name} cannot be looked after now, it is tried again: {error}")
                self._in_trouble.add(child.name)
            else:
                if child.is_alive():
                    self._in_trouble.discard(child.name)

    def stop(self) -> None:
        """Stop everything, in order; the broker last, because a worker gives back to it what it has not finished."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
        for child in self._children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.wait(deadline)
        if self._broker is not None:
            self._broker.process.ask_to_stop()
            self._broker.process.wait(time.monotonic() + BROKER_STOP_SECONDS)
            self._broker.remove_socket_folder()
        self._held.close()

    def _start(self) -> None:
        _check_port(self._settings)
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.migrate()
            refuse_exposure(self._settings, catalogue)
            self.client_key = self._settings.client_key or self._key_of_its_own(catalogue)
            broker_url = self._start_broker(catalogue)
        finally:
            catalogue.close()
        environment = {
            "SEGUE_REDIS_URL": broker_url,
            "SEGUE_DATA_DIR": str(self._settings.data_path),
            "SEGUE_HOST": self._settings.host,
            "SEGUE_PORT": str(self._settings.port),
            "SEGUE_LIBRARY_ROOTS": os.pathsep.join(self._settings.library_roots),
        }
        logs = self._settings.data_path / "logs"
        for name, command in (("worker", _worker_command()), ("api", api_command(self._settings))):
            child = ChildProcess(name, command, logs / f"{name}.log", environment)
            if name == "worker" and self._broker is not None:
                child.before_restart = self._release_claims
            self._children.append(child)
            child.start()

    def _key_of_its_own(self, catalogue: Catalogue) -> str | None:
        if not self._settings.needs_keys:
            return None
        name = f"segue up on {socket.gethostname()}"[:100]
        catalogue.keys.remove_internal(name)  # of a run that was killed
        self._held.callback(self._drop_key, name)
        return catalogue.keys.create(name, [Scope.ADMIN], internal=True).text

    def _tell(self, sentence: str) -> None:
        with suppress(OSError):  # what it is written to may be on the same full disk
            self._report(sentence)

    def _drop_key(self, name: str) -> None:
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.keys.remove_internal(name)
        except SegueError as error:
            self._tell(f"{error.detail} A key that nobody holds stays in it until the next start.")
        finally:
            catalogue.close()

    def _start_broker(self, catalogue: Catalogue) -> str:
        if self._settings.redis_url is not None:
            open_queue(self._settings).ping()
            return self._settings.redis_url.get_secret_value()
        self._broker = local_broker(self._settings)
        self._broker.start()
        # Nothing else uses this broker, and no worker runs yet: whatever a killed worker held is not at work any more.
        # The catalogue knows all that is unfinished, so the broker starts empty and each piece of work is in it once.
        self._broker.clear()
        catalogue.analyses.release_all()
        queue = TaskQueue(self._broker.url)
        resend_scans(catalogue, queue, timedelta(0))
        resend_analyses(catalogue, queue, timedelta(0))
        return self._broker.url

    def _release_claims(self) -> None:
        """The only worker there is has died: what it was at work on need not wait until its lease is over."""
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.analyses.release_all()
        except SegueError as error:
            self._tell(f"{error.detail} What the worker was at is done again in a few minutes.")
        finally:
            catalogue.close()


def _check_port(settings: Settings) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn binds
            probe.bind(address)
    except OSError as error:
        problem = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error}"
        raise NotConfigured(
            f"Port {settings.port} on {settings.host} {problem}. Choose another with --port or SEGUE_PORT."
        ) from error


def _worker_command() -> list[str]:
    return [sys.executable, "-P", "-m", "services.cli.main", "worker", "--beat"]


def api_command(settings: Settings) -> list[str]:
    """The command line of the API's process."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [
        sys.executable,
        "-P",  # the folder it is started in must not shadow Segue's packages
        "-m",
        "gunicorn",
        "services.api.app:create_app()",
        f"--bind={host}:{settings.port}",
        f"--workers={settings.api_processes}",
        "--worker-class=services.api.http.gunicorn_worker.ProblemWorker",
        f"--threads={settings.api_threads}",
        f"--graceful-timeout={API_GRACEFUL_SECONDS}",
        f"--log-level={settings.log_level.lower()}",
        f"--limit-request-line={REQUEST_LINE_MAX}",
        "--no-control-socket",
    ]
