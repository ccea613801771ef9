"""A child process of `segue up`, with a log file and restarts."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("die_with_parent.py")
# gunicorn and Celery import from the current folder first, which may have a folder `services` of another project.
CODE_DIR = Path(__file__).resolve().parents[2]

# A larger log is copied to `.log.1` and truncated, so the logs of a process take about twice this space at most.
LOG_MAX_BYTES = 10 * 1024 * 1024
# Lines of the log that an error message quotes.
QUOTED_LOG_LINES = 15

FIRST_RESTART_DELAY_SECONDS = 1.0
LONGEST_RESTART_DELAY_SECONDS = 30.0
# A process that ran for this long is restarted after the first delay again.
HEALTHY_SECONDS = 60.0

# The key of the command line gives access to the whole API, and workers decode untrusted files.
KEY_VARIABLES = ("SEGUE_API_KEY", "SEGUE_API_KEY_FILE")


def next_delay(delay: float, since_start: float) -> float | None:
    """Decide whether a process that ended is restarted now.

    Args:
        delay: the minimum time between two starts, in seconds.
        since_start: the time since the last start, in seconds.

    Returns:
        The delay for the restart after this one; None while the current delay is not over.
    """
    if since_start > HEALTHY_SECONDS:
        delay = FIRST_RESTART_DELAY_SECONDS
    return None if since_start < delay else min(2 * delay, LONGEST_RESTART_DELAY_SECONDS)


@dataclass
class ChildProcess:
    """A command that runs until it is stopped."""

    name: str
    command: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables in addition to those of the parent."""
    before_restart: Callable[[], object] = field(default=lambda: None)
    """Called before a restart, when the process and its children have ended."""

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _delay: float = field(default=FIRST_RESTART_DELAY_SECONDS, init=False)

    def start(self) -> None:
        """Start the process in its own session, so that Ctrl-C in the terminal does not reach it."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # a start is more important than the size of the log
            self.rotate_log()
        inherited = {name: value for name, value in os.environ.items() if name not in KEY_VARIABLES}
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  the commands are ours
                [*launcher, *self.command],
                # Not as arguments, because every user of the machine can read those in /proc.
                env=inherited | dict(self.environment),
                cwd=CODE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Id of the process and of its process group; None before the start."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def restart_if_dead(self) -> int | None:
        """Restart the process if it has ended and its delay is over.

        Returns:
            The exit code of the process that ended; None if there was no restart.

        Raises:
            OSError: the process cannot be started; the next call after the delay tries again.
        """
        if self._process is None or self.is_alive():
            return None
        exit_code = self._process.returncode
        delay = next_delay(self._delay, time.monotonic() - self._started_at)
        if delay is None:
            return None
        self._delay = delay
        self._started_at = time.monotonic()  # a failed start causes a delay too
        self._kill_group()
        self.before_restart()
        self.start()
        return exit_code

    def terminate(self) -> None:
        """Send SIGTERM to the process, which stops its own children."""
        if self._process is not None and self.is_alive():
            self._process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        """Wait for the process until the deadline, a monotonic time; then kill what is left of its process group."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, deadline - time.monotonic()))
        self._kill_group()
        self._process.wait()

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-QUOTED_LOG_LINES:])

    def rotate_log(self) -> None:
        """Copy a log that is larger than `LOG_MAX_BYTES` and truncate it; the process keeps writing to the same file.

        Raises:
            OSError: the copy or the log cannot be written.
        """
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_MAX_BYTES:
            rotated = self.log_path.with_suffix(".log.1")
            try:
                shutil.copyfile(self.log_path, rotated)
            except OSError:
                with contextlib.suppress(OSError):
                    rotated.unlink(missing_ok=True)  # a partial copy would take space
                raise
            os.truncate(self.log_path, 0)

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS returns EPERM for a group that ended
                os.killpg(self._process.pid, signal.SIGKILL)
