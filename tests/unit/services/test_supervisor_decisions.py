"""Decisions of `segue up` about its processes, without starting Segue."""

import os
import socket
import sys
from pathlib import Path

import pytest

from services.domain.errors import NotConfigured, Unavailable
from services.local import valkey
from services.local.child_process import (
    FIRST_RESTART_DELAY_SECONDS,
    HEALTHY_SECONDS,
    LOG_MAX_BYTES,
    LONGEST_RESTART_DELAY_SECONDS,
    QUOTED_LOG_LINES,
    ChildProcess,
    next_delay,
)
from services.local.supervisor import Supervisor, _check_port, api_command
from services.settings import Settings

PASSWORD = "s3cret-value"  # noqa: S105  looked for in command lines


def test_the_delay_before_restarts_doubles():
    """The delay doubles up to a limit while a process ends soon after each start."""
    delays = [FIRST_RESTART_DELAY_SECONDS]
    while delays[-1] < LONGEST_RESTART_DELAY_SECONDS:
        assert next_delay(delays[-1], delays[-1] - 0.01) is None
        delays.append(next_delay(delays[-1], delays[-1]))

    assert delays == [1, 2, 4, 8, 16, LONGEST_RESTART_DELAY_SECONDS]
    assert next_delay(LONGEST_RESTART_DELAY_SECONDS, LONGEST_RESTART_DELAY_SECONDS) == LONGEST_RESTART_DELAY_SECONDS


def test_a_process_that_ran_long_is_restarted_at_once():
    """An end after a long run starts with the first delay again."""
    assert next_delay(LONGEST_RESTART_DELAY_SECONDS, HEALTHY_SECONDS + 1) == 2 * FIRST_RESTART_DELAY_SECONDS


class FakeChild:
    """A fake of ChildProcess."""

    name = "worker"
    log_path = Path("/logs/worker.log")

    def __init__(self):
        self.alive, self.exit_code, self.error = True, None, None

    def is_alive(self):
        return self.alive

    def restart_if_dead(self):
        if self.error is not None:
            raise self.error
        return self.exit_code

    def rotate_log(self):
        """Do nothing."""

    def log_tail(self):
        return "the last line"


@pytest.fixture
def child():
    return FakeChild()


@pytest.fixture
def messages():
    return []


@pytest.fixture
def supervisor(child, messages):
    made = Supervisor(Settings(), messages.append)
    made._children = [child]
    return made


def test_a_restart_is_reported(supervisor, child, messages):
    """The message has the exit code and the log."""
    child.exit_code = -9
    supervisor.maintain()

    assert messages == ["The worker exited with code -9 and was restarted. Its log: /logs/worker.log"]


def test_a_failure_is_reported_once_until_it_is_over(supervisor, child, messages):
    """`maintain` runs twice a second; its message appears once per failure."""
    child.alive, child.error = False, OSError("disk full")
    supervisor.maintain()
    supervisor.maintain()
    child.alive, child.error = True, None
    supervisor.maintain()
    child.alive, child.error = False, OSError("disk full")
    supervisor.maintain()

    assert messages == ["Restart or log rotation of the worker failed; trying again: disk full"] * 2


def test_an_output_on_a_full_disk_is_ignored(child):
    """The terminal's output may be a file on the same disk."""

    def report(_sentence):
        raise OSError

    supervisor = Supervisor(Settings(), report)
    supervisor._children, child.exit_code = [child], 1

    supervisor.maintain()


def test_a_process_that_ends_during_the_start_is_an_error(supervisor, child):
    """The message quotes the log; there is none while the process runs."""
    supervisor.check_started()
    child.alive = False
    with pytest.raises(Unavailable, match=r"The worker did not start\. The end of /logs/worker\.log:\nthe last line"):
        supervisor.check_started()


def test_a_port_in_use_is_an_error():
    """The message names the port and the ways to choose another one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NotConfigured, match=rf"^Port {port} .* in use .*--port or SEGUE_PORT\.$"):
            _check_port(Settings(port=port))


def test_an_address_of_another_machine_is_an_error():
    """The message does not state that the port is in use."""
    with pytest.raises(NotConfigured, match="cannot be used"):
        _check_port(Settings(host="203.0.113.1"))


@pytest.mark.parametrize(("host", "bind"), [("127.0.0.1", "--bind=127.0.0.1:8765"), ("::1", "--bind=[::1]:8765")])
def test_the_api_binds_to_host_and_port(host, bind):
    """An IPv6 address is written in brackets."""
    assert bind in api_command(Settings(host=host))


def test_a_long_log_is_rotated(tmp_path):
    """One old log is kept; a short one stays as it is."""
    child = ChildProcess("worker", [], tmp_path / "worker.log")
    child.log_path.write_bytes(bytes(LOG_MAX_BYTES))
    child.rotate_log()
    assert child.log_path.stat().st_size == LOG_MAX_BYTES

    child.log_path.write_bytes(bytes(LOG_MAX_BYTES + 1))
    child.rotate_log()
    assert child.log_path.stat().st_size == 0
    assert (tmp_path / "worker.log.1").stat().st_size == LOG_MAX_BYTES + 1


def test_the_end_of_a_log_is_quoted(tmp_path):
    """Bytes that are not UTF-8 are replaced."""
    child = ChildProcess("worker", [], tmp_path / "worker.log")
    child.log_path.write_bytes(b"\xff\n" + b"\n".join(b"%d" % number for number in range(30)))

    assert child.log_tail().splitlines() == [str(number) for number in range(30 - QUOTED_LOG_LINES, 30)]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_variables_of_a_child_are_not_arguments(tmp_path, monkeypatch):
    """Every user can read command lines; the API key of the command line is not passed to children."""
    monkeypatch.setenv("SEGUE_API_KEY", "of the command line")
    monkeypatch.setenv("SEGUE_LOG_LEVEL", "DEBUG")
    printer = "import os; print({name: os.environ[name] for name in sorted(os.environ) if 'SEGUE_' in name})"
    child = ChildProcess("printer", [sys.executable, "-c", printer], tmp_path / "log", {"SEGUE_REDIS_URL": PASSWORD})
    child.start()
    line = Path(f"/proc/{child.pid}/cmdline").read_bytes()
    child._process.wait(timeout=30)

    assert PASSWORD.encode() not in line
    assert child.log_tail() == f"{{'SEGUE_LOG_LEVEL': 'DEBUG', 'SEGUE_REDIS_URL': '{PASSWORD}'}}"
    assert os.environ["SEGUE_API_KEY"]


def test_socket_folder(tmp_path):
    """The kernel limits the length of socket paths; a long data directory gets a temporary folder."""
    short = valkey._socket_folder(tmp_path)
    assert short == tmp_path / "run"
    assert short.stat().st_mode & 0o077 == 0

    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    temporary = valkey._socket_folder(deep)
    assert not temporary.is_relative_to(tmp_path)
    assert temporary.stat().st_mode & 0o077 == 0
    temporary.rmdir()
