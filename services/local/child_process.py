"""One part of `segue up`: a process of its own, with a log file, restarted when it dies."""

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

# A log that has grown past this is set aside, once; two of them a part bound what logging can take of the disk.
LOG_MAX_BYTES = 10 * 1024 * 1024
# What a message about a dead part quotes of its log.
QUOTED_LOG_LINES = 15

FIRST_RESTART_DELAY_SECONDS = 1.0
LONGEST_RESTART_DELAY_SECONDS = 30.0
# A part that ran this long had started well: the next time it dies it is restarted at once again.
HEALTHY_SECONDS = 60.0


@dataclass
class ChildProcess:
    """A command that is to run until it is stopped."""

    name: str
    command: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that it gets besides its parent's."""
    before_restart: Callable[[], object] = field(default=lambda: None)
    """Called when it has died with all its own children, before it is started again."""

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _delay: float = field(default=FIRST_RESTART_DELAY_SECONDS, init=False)

    def start(self) -> None:
        """Start it in a session of its own, so that the terminal's Ctrl-C does not reach it."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # a log that is too large is no reason not to start
            self.rotate_log()
        # The key is for the command line; no part needs it, least of all one that decodes untrusted files.
        inherited = {name: value for name, value in os.environ.items() if name != "SEGUE_API_KEY"}
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  commands are Segue's own
                [*launcher, *self.command],
                # Never as arguments, which every user of the machine can read in /proc.
                env=inherited | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Its process id, which is also its process group's; None before the start."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def restart_if_dead(self) -> int | None:
        """Restart it if it died and its delay is over; answers the exit code of the one that died, else None.

        Raises:
            OSError: it cannot be started now; once its delay is over it is tried again.
        """
        if self._process is None or self.is_alive():
            return None
        exit_code = self._process.returncode
        lived = time.monotonic() - self._started_at
        if lived > HEALTHY_SECONDS:
            self._delay = FIRST_RESTART_DELAY_SECONDS
        if lived < self._delay:
            return None
        self._delay = min(2 * self._delay, LONGEST_RESTART_DELAY_SECONDS)
        self._started_at = time.monotonic()  # a start that fails is paid for with a delay as well
        self._kill_group()
        self.before_restart()
        self.start()
        return exit_code

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process itself, which knows what to do about its own children."""
        if self._process is not None and self.is_alive():
            self._process.terminate()

    def wait(self, deadline: float) -> None:
        """Wait until it is gone; at the deadline (of the monotonic clock) kill it. Nothing of its group remains."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, deadline - time.monotonic()))
        self._kill_group()
        self._process.wait()

    def log_tail(self) -> str:
        """The last lines of its log."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-QUOTED_LOG_LINES:])

    def rotate_log(self) -> None:
        """Set a log that has grown too large aside. The process keeps appending to the same, now empty, file.

        Raises:
            OSError: there is no room for it, or no way to write it.
        """
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_MAX_BYTES:
            aside = self.log_path.with_suffix(".log.1")
            try:
                shutil.copyfile(self.log_path, aside)
            except OSError:
                with contextlib.suppress(OSError):
                    aside.unlink(missing_ok=True)  # half of it would take the room that others need
                raise
            os.truncate(self.log_path, 0)

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a dead group
                os.killpg(self._process.pid, signal.SIGKILL)
