"""Decode untrusted files in a separate process, from the worker's side, and validate what comes back."""

import atexit
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeVar

from models.audio.decode import Windows, check_regular, regular_file
from models.audio.sound import MIN_SECONDS, check_end
from models.containers import UnsupportedContainer
from models.containers.lengths import declared_seconds
from models.containers.recognise import Container, recognise
from models.errors import (
    AnalysisError,
    DecoderFailed,
    NeedsFfmpeg,
    SandboxUnavailable,
    UnreadableAudio,
    UnreadablePicture,
    UnreadableVideo,
)
from models.ffmpeg import find_ffmpeg, install_command
from models.pictures.decode import MAX_SIDE, READING_SIDE, Pixels
from models.sandbox.messages import (
    REPORT,
    End,
    Kind,
    Read,
    Report,
    receive_picture,
    receive_video,
    receive_windows,
    receive_windows_or_length,
    request,
)
from models.video.decode import Clip

PACKAGES = Path(__file__).parents[2]
START = f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); from models.sandbox.server import main; main()"
# The whole environment of a decoder: no settings, no passwords, one thread.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Huge pages for samples: a decoder's memory is always fresh, and faults of 4 kB took a tenth of its time.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
START_SECONDS = 60.0  # numpy and libsndfile load in tenths of a second, or in many seconds on a busy machine
FILE_SECONDS = 90.0  # of wall time; below the time limit of the task, so that the track gets a reason
GRACE_SECONDS = 10.0  # for the server to end a decoder and report
PIPE_BYTES = 1 << 20  # one track is four reads instead of sixty
LONGEST_GREETING = 4096  # bytes
FFMPEG_RUNS = 4  # with the declared length; without one, to measure it; with the measured length; without silences

Result = TypeVar("Result")


@dataclass(frozen=True)
class Protections:
    """The sandbox protections that are active, and those that this system does not offer, as phrases for a log."""

    on: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass
class Decoder:
    """A client of the decoder server, which it starts on first use. It decodes one file at a time."""

    seconds: float = FILE_SECONDS
    """Wall time limit for one file."""
    report: Report | None = field(default=None, init=False)
    """The server's report on the last decoder."""

    _server: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _control: socket.socket = field(init=False)
    _protections: Protections = field(init=False)
    _owner: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def start(self) -> Protections:
        """Start the server unless it runs.

        Raises:
            SandboxUnavailable: The server does not start.
        """
        with self._lock:
            self._start()
            return self._protections

    def read_windows(self, source: Path | int) -> Windows:
        """Decode a few windows of a file like `models.audio.decode.decode_windows`, in a sandboxed process.

        Args:
            source: A path, or a descriptor open for reading; its offset changes.

        Returns:
            One or more windows, in order.

        Raises:
            AnalysisError: The file cannot be decoded; the message is the reason.
            SandboxUnavailable: No decoder can be started; no fault of the file.
        """
        if isinstance(source, Path):
            with regular_file(source) as descriptor:
                return self.read_windows(descriptor)
        check_regular(source)
        try:
            container = recognise(os.fdopen(source, "rb", closefd=False))
        except UnsupportedContainer as error:
            raise UnreadableAudio(str(error)) from error
        if not container.native:
            return self._with_ffmpeg(source, container)
        try:
            return self._decode(source, request(Kind.AUDIO), receive_windows)
        except UnreadableAudio as error:
            try:
                return self._with_ffmpeg(source, container)
            except AnalysisError:
                raise error from None

    def _with_ffmpeg(self, source: int, container: Container) -> Windows:
        """Decode windows with ffmpeg; measure the length first if the file does not declare it, or a wrong one."""
        if find_ffmpeg() is None:
            raise NeedsFfmpeg(f"Only ffmpeg decodes {container.name}, and it is not installed: {install_command()}")
        with _for_anyone(source) as file:
            return self._measured_by_ffmpeg(file, container)

    def _measured_by_ffmpeg(self, source: int, container: Container) -> Windows:
        stream = os.fdopen(source, "rb", closefd=False)
        seconds = declared_seconds(stream, container)
        is_measured = skips_silence = False
        for _ in range(FFMPEG_RUNS):
            found = self._decode(
                source,
                request(
                    Kind.FFMPEG,
                    seconds=seconds,
                    demuxer=container.demuxer,
                    is_measured=is_measured,
                    skips_silence=skips_silence,
                ),
                receive_windows_or_length,
            )
            if not isinstance(found, float):
                return found
            skips_silence = found <= -MIN_SECONDS
            seconds = -found if skips_silence else max(0.0, found)
            is_measured = seconds > 0
            if is_measured:
                check_end(stream, container, seconds)
        raise DecoderFailed("ffmpeg measures another length each time")

    def read_picture(self, source: Path | int, max_side: int = READING_SIDE) -> Pixels:
        """Decode a picture like `models.pictures.decode.decode_picture`, in a sandboxed process.

        Args:
            source: A path, or a descriptor open for reading; its offset changes.
            max_side: Maximum height and width of the result in pixels, 1 to `MAX_SIDE`.

        Returns:
            The pixels, sRGB, uint8 `(height, width, 3)`, upright and scaled down.

        Raises:
            AnalysisError: The file cannot be decoded; the message is the reason.
            SandboxUnavailable: No decoder can be started; no fault of the file.
            ValueError: `max_side` is out of range.
        """
        if isinstance(source, Path):
            with regular_file(source, UnreadablePicture) as descriptor:
                return self.read_picture(descriptor, max_side)
        check_regular(source, UnreadablePicture)
        if not 1 <= max_side <= MAX_SIDE:
            raise ValueError(f"max_side must be 1 to {MAX_SIDE}, not {max_side}.")
        return self._decode(source, request(Kind.PICTURE, max_side), lambda read: receive_picture(read, max_side))

    def read_video(self, source: int, demuxer: str) -> Clip:
        """Decode frames of a video clip, in sandboxed processes.

        Args:
            source: A descriptor open for reading; its offset changes.
            demuxer: ffmpeg's name of the container.

        Returns:
            The frames.

        Raises:
            AnalysisError: The clip cannot be decoded; the message is the reason.
            SandboxUnavailable: No decoder can be started; no fault of the file.
        """
        check_regular(source, UnreadableVideo)
        if find_ffmpeg() is None:
            raise NeedsFfmpeg(f"Only ffmpeg decodes video, and it is not installed: {install_command()}")
        with _for_anyone(source) as file:
            return self._decode(file, request(Kind.VIDEO, demuxer=demuxer), receive_video)

    def stop(self) -> None:
        """Stop the server and its decoder."""
        with self._lock:
            self._stop()

    @property
    def server_id(self) -> int | None:
        """The server's process id; None if it does not run."""
        return self._server.pid if self._server is not None and self._owner == os.getpid() else None

    def _start(self) -> None:
        if self._server is not None and self._owner == os.getpid():
            return
        own_end, server_end = socket.socketpair()
        with server_end:
            ffmpeg = find_ffmpeg()
            arguments = [str(os.getpid()), str(server_end.fileno()), str(self.seconds), ffmpeg.path if ffmpeg else ""]
            try:
                server = subprocess.Popen(  # noqa: S603  the interpreter of this process
                    [sys.executable, "-I", "-c", START, *arguments],
                    pass_fds=(server_end.fileno(),),
                    env=ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            except OSError as error:
                own_end.close()
                raise SandboxUnavailable(f"The decoder's sandbox does not start: {error.strerror}") from error
        self._server, self._control, self._owner = server, own_end, os.getpid()
        own_end.settimeout(START_SECONDS)
        try:
            greeting = json.loads(own_end.makefile("rb").readline(LONGEST_GREETING))
        except (OSError, ValueError) as error:
            self._stop()
            raise SandboxUnavailable(f"The decoder's sandbox did not start (exit code {server.returncode})") from error
        own_end.settimeout(self.seconds + GRACE_SECONDS)
        self._protections = Protections(tuple(greeting["on"]), tuple(greeting["missing"]))

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        self._control.close()
        if self._owner == os.getpid():
            server.kill()
            server.wait()

    def _decode(self, source: int, message: bytes, receive: Callable[[Read], Result]) -> Result:
        with self._lock:
            with suppress(ConnectionError):  # the server was killed, which need not be the file's fault
                return self._decode_once(source, message, receive)
            try:
                return self._decode_once(source, message, receive)
            except ConnectionError as error:
                raise DecoderFailed("The decoder's sandbox was killed twice on this file") from error

    def _decode_once(self, source: int, message: bytes, receive: Callable[[Read], Result]) -> Result:
        self._start()
        result, decoder_end = os.pipe()
        try:
            with suppress(AttributeError, OSError):  # macOS lacks the call; Linux limits the pipe memory of a user
                fcntl.fcntl(result, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            try:
                socket.send_fds(self._control, [message], [source, decoder_end])
            finally:
                os.close(decoder_end)
            outcome = self._receive(result, receive)
            os.close(result)
            result = -1  # a decoder that continues to write gets an error
            self.report = self._receive_report()
        except TimeoutError as error:
            self._stop()
            raise DecoderFailed("The decoder's sandbox did not respond on this file") from error
        except BaseException:
            self._stop()  # after an interruption, such as a task's time limit, the next message would be this file's
            raise
        finally:
            if result >= 0:
                os.close(result)
        return _result_or_error(outcome, self.report)

    def _receive(self, result: int, receive: Callable[[Read], Result]) -> Result | AnalysisError:
        deadline = time.monotonic() + self.seconds + GRACE_SECONDS
        poll = select.poll()
        poll.register(result, select.POLLIN)

        def read(buffer: memoryview) -> None:
            while buffer:
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    raise TimeoutError
                count = os.readv(result, [buffer])
                if not count:
                    raise DecoderFailed("The decoder ended without a result")
                buffer = buffer[count:]

        try:
            return receive(read)
        except AnalysisError as error:
            return error

    def _receive_report(self) -> Report:
        data = self._control.recv(REPORT.size, socket.MSG_WAITALL)
        if len(data) < REPORT.size:
            raise ConnectionResetError
        return Report.of_bytes(data)


@contextmanager
def _for_anyone(source: int) -> Iterator[int]:
    """Yield a descriptor of the file, or of a copy if only root's rights open it.

    ffmpeg opens the file again, and the sandbox has taken root's right to read the files of others.
    """
    status = os.fstat(source)
    if os.geteuid() != 0 or status.st_uid == 0 or status.st_mode & stat.S_IROTH:
        yield source
        return
    with tempfile.TemporaryFile() as copy:
        os.lseek(source, 0, os.SEEK_SET)
        shutil.copyfileobj(os.fdopen(source, "rb", closefd=False), copy)
        copy.flush()
        yield copy.fileno()


def _result_or_error(outcome: Result | AnalysisError, report: Report) -> Result:
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
"""The decoder of this process."""
atexit.register(DECODER.stop)

start = DECODER.start
read_windows = DECODER.read_windows
read_picture = DECODER.read_picture
read_video = DECODER.read_video
