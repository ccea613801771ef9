"""Fork a confined decoder for each file; `decoder` starts this program in its own interpreter.

If ffmpeg has to decode the file, the server starts it in a confined process of its own, and the decoder reads its
output.

The server never parses a file, it only passes descriptors on. A fork takes milliseconds, where a fresh interpreter
takes tenths of a second, and no decoder inherits the effects of an earlier file.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import soundfile

from models.audio import ffmpeg
from models.audio.decode import decode_windows
from models.audio.sound import without_messages
from models.errors import AnalysisError, DecoderFailed
from models.memory import keep_freed_memory
from models.pictures.decode import decode_picture
from models.sandbox import confinement
from models.sandbox.ffmpeg_run import FfmpegRun
from models.sandbox.messages import (
    REQUEST,
    End,
    Kind,
    Report,
    picture_message,
    reason_message,
    windows_message,
)
from models.sandbox.program import Program
from models.video.decode import VideoTask

DESCRIPTORS = 2  # in each request: the file and the result pipe
CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)  # ffmpeg inherits what it needs; macOS lacks the flag
WARM_UP_RATE, WARM_UP_SECONDS = 8_000, 6

# The errors that numpy, soundfile and soxr raise on samples that they cannot process.
LIBRARY_ERRORS = (ValueError, ArithmeticError, RuntimeError, TypeError, LookupError, OSError)


def main() -> None:
    """Serve a worker until it disconnects.

    The command line arguments are the worker's process id, the socket's descriptor, the seconds allowed per file and
    the path of ffmpeg, which may be empty.
    """
    worker, control, seconds = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), float(sys.argv[3])
    program = Program.find_files(sys.argv[4]) if sys.argv[4] else None
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the worker ends, and this process with it
    control.set_inheritable(False)  # ffmpeg must not inherit it
    _warm_up()
    mapped = confinement.mapped_bytes()
    on, missing = confinement.confine_server(worker, starts_programs=program is not None)
    address_space = mapped + confinement.MEMORY_BYTES if mapped else 0
    os.dup2(sys.stdin.fileno(), sys.stderr.fileno())  # /dev/null: libraries must not write file content into a log
    control.sendall(json.dumps({"on": on, "missing": missing}).encode() + b"\n")
    with suppress(ConnectionError):
        Server(control, seconds, address_space, tuple(on), program).serve()


def _warm_up() -> None:
    """Load everything that libraries load on first use, while files can still be opened."""
    samples = 0.1 * np.sin(np.arange(WARM_UP_RATE * WARM_UP_SECONDS))
    with tempfile.TemporaryFile() as file, without_messages():
        soundfile.write(file, samples, WARM_UP_RATE, format="MP3")
        for _ in windows_message(decode_windows(file.fileno())):
            pass
    gc.collect()
    keep_freed_memory()  # a decoder copies each page that was freed before its start and that it reuses
    gc.freeze()  # a garbage collection in a decoder would copy every page that it marks


@dataclass
class Server:
    """Decodes files for one worker, one after another.

    Attributes:
        control: Socket to the worker.
        seconds: Wall time limit for one file.
        address_space: Limit of a decoder's address space in bytes; 0 for none.
        protections: Those that this system offers.
        program: The installed ffmpeg.
    """

    control: socket.socket
    seconds: float
    address_space: int
    protections: tuple[str, ...]
    program: Program | None

    def serve(self) -> None:
        """Handle requests until the worker disconnects."""
        while True:
            request, descriptors, _, _ = socket.recv_fds(self.control, REQUEST.size, DESCRIPTORS, CLOSE_ON_EXEC)
            if len(request) < REQUEST.size or len(descriptors) < DESCRIPTORS:
                return
            file, result = descriptors
            self.control.sendall(self._decode(file, result, request).to_bytes())

    def _decode(self, file: int, result: int, request: bytes) -> Report:
        alive, held_by_decoder = os.pipe()  # end of file on `alive` means that the decoder ended
        run: FfmpegRun | None = None
        try:
            kind, limit, seconds, is_measured, skips_silence, demuxer = REQUEST.unpack(request)
            if kind in {Kind.FFMPEG, Kind.VIDEO}:
                name = demuxer.rstrip(b"\0").decode("ascii")
                audio = ffmpeg.Task(name, seconds, is_measured=is_measured, skips_silence=skips_silence)
                task = audio if kind == Kind.FFMPEG else VideoTask(name)
                run = FfmpegRun.start(self.program, task, file, self.protections)
            server = os.getpid()
            decoder = os.fork()
            if decoder == 0:
                self._become_decoder(server, result, lambda: _message(file, kind, limit, run))
        except OSError as error:
            return Report(End.NOT_STARTED, error.errno or 0, 0, 0.0)
        else:
            os.close(held_by_decoder)
            held_by_decoder = -1
            report = self._wait(decoder, alive)
            return report if run is None else run.end(report)
        finally:
            if run is not None:
                run.close()
            for descriptor in {alive, held_by_decoder, file, result} - {-1}:
                os.close(descriptor)

    def _wait(self, decoder: int, alive: int) -> Report:
        ready, _, _ = select.select([alive, self.control.fileno()], [], [], self.seconds)
        os.kill(decoder, signal.SIGKILL)  # no effect on a decoder that has ended
        report = Report.of_ended(*os.wait4(decoder, 0)[1:])
        return report if ready else replace(report, end=End.OUT_OF_TIME, code=0)

    def _become_decoder(self, server: int, result: int, message: Callable[[], Iterator[bytes | memoryview]]) -> None:
        code = 1
        try:
            confinement.die_with_parent(server)
            self.control.close()
            confinement.limit_decoder(self.address_space, self.protections)
            for part in message():
                _write(result, memoryview(part))
            code = 0
        finally:  # a decoder must never return into the server's loop
            os._exit(code)


def _message(file: int, kind: int, limit: int, run: FfmpegRun | None) -> Iterator[bytes | memoryview]:
    try:
        if kind == Kind.PICTURE:
            return picture_message(decode_picture(file, limit))
        if run is not None:
            return run.message()
        return windows_message(decode_windows(file))
    except AnalysisError as error:
        return reason_message(error)
    except MemoryError:
        return reason_message(DecoderFailed("Not enough memory to decode this file"))
    except LIBRARY_ERRORS as error:
        return reason_message(DecoderFailed(f"The file could not be decoded: {error}"))


def _write(result: int, data: memoryview) -> None:
    while data:
        data = data[os.write(result, data) :]
