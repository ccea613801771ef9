"""The restrictions of a decoder, tested from inside, and the effects of its end, tested from outside."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from models.errors import DecoderFailed, UnreadableAudio
from models.sandbox import confinement
from models.sandbox.decoder import Decoder
from tests.security.corpus import sound, write_vast

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="macOS offers limits and a clean environment only")

CONFINED = """
import ctypes, mmap, os, signal, socket, subprocess, sys
from models.sandbox import confinement
on, missing = confinement.confine_server(os.getppid())
assert not missing, missing
reader, writer = os.pipe()
file = os.memfd_create("x")
mapped = confinement.mapped_bytes
{before}
confinement.limit_decoder({mapped} + confinement.MEMORY_BYTES, on)
try:
    {attempt}
except (OSError, MemoryError, ValueError) as error:
    os.write(1, type(error).__name__.encode())
else:
    os.write(1, b"done")
os._exit(0)
"""


def confined(attempt, before=""):
    """Run an attempt in a process that is confined like a decoder."""
    code = CONFINED.format(attempt=attempt, before=before, mapped=2**28)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


ATTEMPTS = {
    "reads a file": "open('/etc/hostname')",
    "writes a file": "open('/tmp/segue-was-here', 'w')",
    "lists a folder": "os.listdir('/')",
    "looks at a file": "os.stat('/etc/hostname')",
    "reads its own secrets": "open('/proc/self/environ')",
    "removes a file": "os.unlink('/tmp/segue-was-here')",
    "opens a socket": "socket.socket()",
    "opens a Unix socket": "socket.socket(socket.AF_UNIX)",
    "starts a program": "os.execv('/bin/true', ['true'])",
    "starts a process": "os.fork()",
    "kills its parent": "os.kill(os.getppid(), signal.SIGTERM)",
    "makes code": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "opens more descriptors": "[os.dup(0) for _ in range(100)]",
    "writes to a file that is open": "os.ftruncate(file, 10) or os.write(file, b'x')",
    "raises its limits": "__import__('resource').setrlimit(7, (1000, 1000))",
    "takes memory": "bytearray(2**30)",
}


@on_linux
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_decoder_has_no_other_rights(attempt):
    """The kernel refuses each attempt, for root too."""
    found = confined(attempt)

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout in {"PermissionError", "OSError", "MemoryError", "ValueError"}


@on_linux
def test_a_decoder_can_decode():
    """Decoding works: reading open files, allocating memory, and writing into a pipe are allowed."""
    found = confined("os.pread(file, 10, 0); bytearray(2**26); os.write(writer, b'x'); os.fstat(file)")

    assert (found.stdout, found.returncode) == ("done", 0)


@on_linux
def test_landlock_alone_denies_files():
    """The server, whose system calls are not filtered, cannot open a file either."""
    code = (
        "import os\nfrom models.sandbox import confinement\n"
        "on, _ = confinement.confine_server(os.getppid())\nassert confinement.FILES in on\n"
        "try:\n open('/etc/hostname')\nexcept PermissionError:\n print('refused')"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)

    assert found.stdout == "refused\n", found.stderr


@on_linux
def test_an_endless_loop_is_killed():
    """The kernel kills a decoder that uses up its processor time."""
    found = confined("sum(iter(int, 1))", before="confinement.CPU_SECONDS = 1")

    assert found.returncode == -signal.SIGXCPU


@on_linux
def test_nothing_is_missing_here():
    """On this kernel every protection is active, so that CI fails if one is lost."""
    decoder = Decoder()
    try:
        protections = decoder.start()
    finally:
        decoder.stop()

    assert set(protections.on) == {confinement.LIMITS, *confinement.ON_LINUX}
    assert protections.missing == ()


@pytest.fixture
def decoder():
    made = Decoder()
    yield made
    made.stop()


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.flac"
    path.write_bytes(sound("flac"))
    return path


@pytest.fixture
def vast(tmp_path):
    return write_vast(tmp_path / "vast.wav")


@on_linux
def test_no_secret_is_inherited(decoder, song, monkeypatch):
    """The decoder's process inherits no setting and no open file of the worker."""
    monkeypatch.setenv("SEGUE_DATABASE_URL", "postgresql://segue:secret@db/segue")
    with song.open("rb"):
        decoder.start()
    server = psutil.Process(decoder.server_id)
    environment = Path(f"/proc/{server.pid}/environ").read_bytes()
    held = {str(link.readlink()) for link in Path(f"/proc/{server.pid}/fd").iterdir()}

    assert b"SEGUE" not in environment
    assert b"secret" not in environment
    assert {name for name in held if not name.startswith(("socket:", "/dev/null"))} == set()


@on_linux
def test_a_working_decoder_is_confined(decoder, vast):
    """A decoder at work runs under seccomp, without new privileges, in its own network namespace."""
    decoder.start()
    with decoding(decoder, vast) as (process, _):
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
        )
        network = Path(f"/proc/{process.pid}/ns/net").readlink()

    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    assert network != Path("/proc/self/ns/net").readlink()


class decoding:  # noqa: N801  used like a function
    """Decode a file in a thread; yields the decoder's process and the list that receives the error."""

    def __init__(self, decoder, path):
        self.reasons = []

        def run():
            try:
                decoder.read_windows(path)
            except Exception as error:  # noqa: BLE001  the test looks at it
                self.reasons.append(error)

        self.server = psutil.Process(decoder.server_id)
        self.thread = threading.Thread(target=run)

    def __enter__(self):
        self.thread.start()
        deadline = time.monotonic() + 60
        while not (children := self.server.children()):
            assert time.monotonic() < deadline, "no decoder was seen"
            time.sleep(0.001)
        deadline = time.monotonic() + 10
        while "Seccomp:\t2" not in Path(f"/proc/{children[0].pid}/status").read_text("ascii"):
            assert time.monotonic() < deadline, "the decoder was not confined"
        return children[0], self.reasons

    def __exit__(self, *_error):
        self.thread.join()


@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS])
def test_a_decoder_that_dies_affects_only_its_file(decoder, vast, song, number):
    """The error names the signal, and the next file is decoded."""
    decoder.start()
    with decoding(decoder, vast) as (process, reasons):
        process.send_signal(number)

    assert [str(reason) for reason in reasons] == [f"The decoder died (signal {number.value}) on this file"]
    assert isinstance(reasons[0], DecoderFailed)
    assert len(decoder.read_windows(song).samples) == 1


@on_linux
def test_the_error_names_the_limit_of_processor_time(decoder, vast):
    """SIGXCPU becomes a message for a person."""
    decoder.start()
    with decoding(decoder, vast) as (process, reasons):
        process.send_signal(signal.SIGXCPU)

    assert "too much processor time" in str(reasons[0])


@on_linux
def test_a_decoder_that_hangs_is_stopped(vast, song):
    """A suspended decoder is killed at its time limit, and the next file is decoded."""
    decoder = Decoder(seconds=3)
    try:
        decoder.start()
        with decoding(decoder, vast) as (process, reasons):
            process.suspend()
        gone = not psutil.pid_exists(process.pid)
        windows = decoder.read_windows(song)
    finally:
        decoder.stop()

    assert "took too long" in str(reasons[0])
    assert gone
    assert windows.duration == pytest.approx(6, abs=0.1)


@on_linux
def test_a_server_that_is_killed_is_restarted(decoder, vast, song):
    """Killed while idle or in the middle of a file, the server is started again and the file is decoded."""
    decoder.start()
    first = decoder.server_id
    psutil.Process(first).kill()
    windows = decoder.read_windows(song)
    with decoding(decoder, vast) as (_, reasons):
        psutil.Process(decoder.server_id).kill()

    assert len(windows.samples) == 1
    assert decoder.server_id != first
    assert str(reasons[0]) == "The file is silent", "the second server decoded the file"


@on_linux
def test_no_decoder_outlives_its_worker(vast):
    """When the worker is killed, server and decoder end too."""
    code = (
        "import sys, pathlib\nfrom models.sandbox import decoder\ndecoder.start()\n"
        "print(decoder.DECODER.server_id, flush=True)\ndecoder.read_windows(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(vast)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as worker:
        server = psutil.Process(int(worker.stdout.readline()))
        deadline = time.monotonic() + 60
        while not (decoders := server.children()):
            assert time.monotonic() < deadline, "no decoder was seen"
        worker.kill()
    gone, alive = psutil.wait_procs([server, *decoders], timeout=30)

    assert not alive
    assert len(gone) == 2


@on_linux
def test_nothing_stays_open(decoder, song):
    """A hundred files, readable and damaged, leave no descriptor and no process open."""
    bad = song.with_name("bad.mp3")
    bad.write_bytes(b"not audio" * 100)

    def both():
        decoder.read_windows(song)
        with pytest.raises(UnreadableAudio):
            decoder.read_windows(bad)

    both()
    server, own = psutil.Process(decoder.server_id), psutil.Process()
    before = server.num_fds(), own.num_fds()
    for _ in range(50):
        both()

    assert (server.num_fds(), own.num_fds()) == before
    assert server.children() == []
