"""The supervisor of `segue up`: starts broker, workers and API on one machine, restarts and stops them."""

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from services.api.request_limits import KEEP_ALIVE_SECONDS, REQUEST_LINE_MAX
from services.api.security.exposure import refuse_exposure
from services.catalog import Catalogue
from services.domain.access import Scope
from services.domain.errors import NotConfigured, SegueError, Unavailable
from services.local.child_process import ChildProcess
from services.local.valkey import LocalBroker, local_broker
from services.settings import METRICS_DIR_VARIABLE, Settings
from services.settings.library import expand
from services.storage.locks import instance_lock
from services.tasks.lost_work import resend_analyses, resend_scans
from services.tasks.queue import TaskQueue, open_queue

# Everything ends within 10 s of Ctrl-C: first the API and the worker, then the broker.
STOP_SECONDS = 7.0
BROKER_STOP_SECONDS = 2.0
# Requests and batches of the indexer take less time than this.
API_GRACEFUL_SECONDS = 3


class Supervisor:
    """A context manager that runs broker, API, the watcher, and workers for scans, analyses and questions.

    Call `maintain` regularly, from the thread that entered the context: the kernel kills the child processes when the
    thread that started them ends. `report` receives messages for the user.
    """

    def __init__(self, settings: Settings, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._report = report
        self._broker: LocalBroker | None = None
        self._children: list[ChildProcess] = []
        self._resources = ExitStack()
        self._failing: set[str] = set()
        self.client_key: str | None = None
        """API key for the process that started the supervisor; None if no key is needed."""

    def __enter__(self) -> Self:
        """Start all processes.

        Raises:
            AlreadyRunning: another `segue up` runs on this data directory.
            NotConfigured: the port or the data directory cannot be used, or an API key is needed and there is none.
            Unavailable: the broker did not start, or the catalogue cannot be opened.
        """
        self._resources.enter_context(instance_lock(self._settings))
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all processes."""
        self.stop()

    @property
    def children(self) -> list[ChildProcess]:
        """All processes, in the order of their start."""
        return [*([self._broker.process] if self._broker else []), *self._children]

    def check_started(self) -> None:
        """Check that all processes run; used until the service is ready.

        Raises:
            Unavailable: a process has ended; the message quotes its log.
        """
        for child in self.children:
            if not child.is_alive():
                raise Unavailable(f"The {child.name} did not start. The end of {child.log_path}:\n{child.log_tail()}")

    def maintain(self) -> None:
        """Restart processes that ended and rotate large logs; the next call retries what failed."""
        for child in self.children:
            try:
                exit_code = child.restart_if_dead()
                if exit_code is not None:
                    self._notify(
                        f"The {child.name} exited with code {exit_code} and was restarted. Its log: {child.log_path}"
                    )
                child.rotate_log()
            except (SegueError, OSError) as error:
                if child.name not in self._failing:  # one message per failure, not one per call
                    self._notify(f"Restart or log rotation of the {child.name} failed; trying again: {error}")
                self._failing.add(child.name)
            else:
                if child.is_alive():
                    self._failing.discard(child.name)

    def stop(self) -> None:
        """Stop all processes; the broker last, because the worker returns unfinished tasks to it."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not interrupt this
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.wait_or_kill(deadline)
        if self._broker is not None:
            self._broker.process.terminate()
            self._broker.process.wait_or_kill(time.monotonic() + BROKER_STOP_SECONDS)
            self._broker.remove_socket_folder()
        self._resources.close()

    def _start(self) -> None:
        _check_port(self._settings)
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.migrate()
            refuse_exposure(self._settings, catalogue)
            self.client_key = self._settings.client_key or self._create_internal_key(catalogue)
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
        if self._settings.experiments:  # child processes run in another folder
            environment["SEGUE_EXPERIMENTS"] = str(Path(expand(self._settings.experiments)).absolute())
        api_environment = dict(environment)
        if self._settings.api_processes > 1:  # they share their metrics through files
            folder = TemporaryDirectory(prefix="segue-metrics-")
            api_environment[METRICS_DIR_VARIABLE] = self._resources.enter_context(folder)
        logs = self._settings.data_path / "logs"
        commands = [("worker", _command("worker", "--beat")), ("api", api_command(self._settings))]
        if self._settings.question_processes:
            options = ("--queues=questions", f"--processes={self._settings.question_processes}")
            commands.append(("question worker", _command("worker", *options)))
        if self._settings.watch:
            commands.append(("watcher", _command("watch")))
        for name, command in commands:
            log_name = name.replace(" ", "-")
            variables = api_environment if name == "api" else environment
            child = ChildProcess(name, command, logs / f"{log_name}.log", variables)
            if name == "worker" and self._broker is not None:
                child.before_restart = self._release_claims
            self._children.append(child)
            child.start()

    def _create_internal_key(self, catalogue: Catalogue) -> str | None:
        if not self._settings.needs_keys:
            return None
        name = f"segue up on {socket.gethostname()}"[:100]
        catalogue.keys.remove_internal(name)  # left by a run that was killed
        self._resources.callback(self._remove_internal_key, name)
        return catalogue.keys.create(name, [Scope.ADMIN], internal=True).text

    def _notify(self, sentence: str) -> None:
        with suppress(OSError):  # the output may be a file on a full disk
            self._report(sentence)

    def _remove_internal_key(self, name: str) -> None:
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.keys.remove_internal(name)
        except SegueError as error:
            self._notify(f"The next start removes the API key that `segue up` used. {error.detail}")
        finally:
            catalogue.close()

    def _start_broker(self, catalogue: Catalogue) -> str:
        if self._settings.redis_url is not None:
            open_queue(self._settings).ping()
            return self._settings.redis_url.get_secret_value()
        self._broker = local_broker(self._settings)
        self._broker.start()
        # No worker runs yet, so all claims are left by workers that ended. The broker starts empty and gets each
        # unfinished task once, from the catalogue.
        self._broker.delete_tasks()
        catalogue.analyses.release_all()
        queue = TaskQueue(self._broker.url)
        resend_scans(catalogue, queue, timedelta(0))
        resend_analyses(catalogue, queue, timedelta(0))
        return self._broker.url

    def _release_claims(self) -> None:
        """Release all claims after the only worker has ended, so that they need not expire first."""
        catalogue = Catalogue.open(self._settings.catalogue_url)
        try:
            catalogue.analyses.release_all()
        except SegueError as error:
            self._notify(f"Interrupted analyses start again in a few minutes. {error.detail}")
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
            f"Port {settings.port} on {settings.host} {problem}. Choose another port with --port or SEGUE_PORT."
        ) from error


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "services.cli.main", *arguments]


def api_command(settings: Settings) -> list[str]:
    """Return the command line of the API process."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return [
        sys.executable,
        "-P",  # the current folder must not shadow Segue's packages
        "-m",
        "gunicorn",
        "services.api.app:create_app()",
        "--config=python:services.api.http.gunicorn_hooks",
        f"--bind={host}:{settings.port}",
        f"--workers={settings.api_processes}",
        "--worker-class=services.api.http.gunicorn_worker.ProblemWorker",
        f"--threads={settings.api_threads}",
        f"--graceful-timeout={API_GRACEFUL_SECONDS}",
        f"--keep-alive={KEEP_ALIVE_SECONDS}",
        f"--log-level={settings.log_level.lower()}",
        f"--limit-request-line={REQUEST_LINE_MAX}",
        "--no-control-socket",
    ]
