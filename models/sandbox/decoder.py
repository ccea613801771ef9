"""Decoding a stranger's file from the outside: hand it over, and believe nothing that comes back."""

import atexit
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from models.audio.decode import WINDOW_COUNT, Windows, check_regular, regular_file
from models.errors import AnalysisError, DecoderFailed, SandboxUnavailable
from models.sandbox.messages import REPORT, REQUEST, End, Report, receive

PACKAGES = Path(__file__).parents[2]
START = f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); from models.sandbox.server import main; main()"
# All that a decoder's environment holds: no setting, no password, and no thread but its own.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Samples come in huge pages: a decoder's memory is always new, and faulting it in by 4 kB took a tenth of its time.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
START_SECONDS = 60.0  # numpy and libsndfile load in tenths; a busy machine takes many
FILE_SECONDS = 90.0  # of wall time; below the time limit of the task, so that the track gets its reason
GRACE_SECONDS = 10.0  # for the server to end a decoder and say so
PIPE_BYTES = 1 << 20  # four turns a track instead of sixty
LONGEST_GREETING = 4096


@dataclass(frozen=True)
class Protections:
    """What a decoder is locked into here, and what this system does not offer; sentences for a log."""

    on: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class Decoder:
    """A server of decoders and the way to it, started when it is first needed; one file at a time."""

    seconds: float = FILE_SECONDS
    """Wall time that a file may take."""
    report: Report | None = field(default=None, init=False)
    """How the last decoder ended."""

    _server: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _control: socket.socket = field(init=False)
    _protections: Protections = field(init=False)
    _owner: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self) -> Protections:
        """Start the server unless it runs.

        Raises:
            SandboxUnavailable: It does not start.
        """
        with self._lock:
            self._start()
            return self._protections

    def read_windows(self, source: Path | int, at_most: int = WINDOW_COUNT) -> Windows:
        """Decode a few windows of a file, as `decode_windows` does, in a child process without any rights.

        Args:
            source: A path, or a descriptor that is open for reading and whose offset is moved.
            at_most: Windows to read, > 0.

        Raises:
            AnalysisError: The file gives no windows; the message is the reason.
            SandboxUnavailable: No decoder can be started, whatever the file.
        """
        if isinstance(source, Path):
            with regular_file(source) as descriptor:
                return self.read_windows(descriptor, at_most)
        check_regular(source)
        with self._lock:
            try:
                return self._decode(source, at_most)
            except ConnectionError:  # the server itself was killed: by whom says nothing about this file
                return self._decode_again(source, at_most)

    def stop(self) -> None:
        """End the server and whatever it decodes."""
        with self._lock:
            self._stop()

    @property
    def server_id(self) -> int | None:
        """The server's process id while it runs."""
        return self._server.pid if self._server is not None and self._owner == os.getpid() else None

    def _start(self) -> None:
        if self._server is not None and self._owner == os.getpid():
            return
        ours, its = socket.socketpair()
        with its:
            command = [sys.executable, "-I", "-c", START, str(os.getpid()), str(its.fileno()), str(self.seconds)]
            try:
                server = subprocess.Popen(  # noqa: S603  the interpreter that runs this
                    command,
                    pass_fds=(its.fileno(),),
                    env=ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            except OSError as error:  # no process, no memory, no interpreter any more
                ours.close()
                raise SandboxUnavailable(f"The decoder's sandbox does not start: {error.strerror}") from error
        self._server, self._control, self._owner = server, ours, os.getpid()
        ours.settimeout(START_SECONDS)
        try:
            greeting = json.loads(ours.makefile("rb").readline(LONGEST_GREETING))
        except (OSError, ValueError) as error:
            self._stop()
            raise SandboxUnavailable(f"The decoder's sandbox did not start (exit code {server.returncode})") from error
        ours.settimeout(self.seconds + GRACE_SECONDS)
        self._protections = Protections(tuple(greeting["on"]), tuple(greeting["missing"]))

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        self._control.close()
        if self._owner == os.getpid():
            server.kill()
            server.wait()

    def _decode_again(self, source: int, at_most: int) -> Windows:
        try:
            return self._decode(source, at_most)
        except ConnectionError as error:
            raise DecoderFailed("The decoder's sandbox was killed twice on this file") from error

    def _decode(self, source: int, at_most: int) -> Windows:
        self._start()
        answer, to_decoder = os.pipe()
        try:
            with suppress(AttributeError, OSError):  # macOS has no such call; a user may have used up his share
                fcntl.fcntl(answer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            try:
                socket.send_fds(self._control, [REQUEST.pack(at_most)], [source, to_decoder])
            finally:
                os.close(to_decoder)
            outcome = self._receive(answer, at_most)
            os.close(answer)
            answer = -1  # a decoder that goes on writing gets an error
            self.report = self._reported()
        except TimeoutError as error:
            self._stop()
            raise DecoderFailed("The decoder's sandbox did not answer on this file") from error
        except BaseException:
            self._stop()  # a time limit in the middle of an answer, say: what comes next would be this file's
            raise
        finally:
            if answer >= 0:
                os.close(answer)
        return _judged(outcome, self.report)

    def _receive(self, answer: int, at_most: int) -> Windows | AnalysisError:
        deadline = time.monotonic() + self.seconds + GRACE_SECONDS
        poll = select.poll()
        poll.register(answer, select.POLLIN)

        def read(buffer: memoryview) -> None:
            while buffer:
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    raise TimeoutError
                got = os.readv(answer, [buffer])
                if not got:
                    raise DecoderFailed("The decoder ended without an answer")
                buffer = buffer[got:]

        try:
            return receive(read, at_most)
        except AnalysisError as error:
            return error

    def _reported(self) -> Report:
        data = self._control.recv(REPORT.size, socket.MSG_WAITALL)
        if len(data) < REPORT.size:
            raise ConnectionResetError
        return Report.of_bytes(data)


def _judged(outcome: Windows | AnalysisError, report: Report) -> Windows:
    if report.end == End.NOT_STARTED:
        raise SandboxUnavailable(f"No decoder can be started: {os.strerror(report.code)}")
    if report.end == End.OUT_OF_TIME:
        raise DecoderFailed("The decoder was stopped: it took too long on this file")
    if report.end == End.KILLED and report.code == signal.SIGXCPU:
        raise DecoderFailed("The decoder was stopped: it used too much processor time on this file")
    if isinstance(outcome, AnalysisError) and report.end == End.KILLED:
        raise DecoderFailed(f"The decoder died (signal {report.code}) on this file") from outcome
    if isinstance(outcome, AnalysisError):
        raise outcome
    return outcome


DECODER = Decoder()
"""This process's own."""
atexit.register(DECODER.stop)

start = DECODER.start
read_windows = DECODER.read_windows
