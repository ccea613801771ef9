"""Forks a locked-in decoder for each file; started by `decoder` in an interpreter of its own.

This process never looks into a stranger's file: it hands descriptors on. A fork of it costs milliseconds where a fresh
interpreter costs tenths of a second, and no decoder inherits what a file did to the one before.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import soundfile

from models.audio.decode import decode_windows
from models.errors import AnalysisError, DecoderFailed
from models.sandbox import confinement
from models.sandbox.messages import REQUEST, End, Report, reason_message, windows_message

DESCRIPTORS = 2  # that come with a request
WARM_UP_RATE, WARM_UP_SECONDS = 8_000, 6

# glibc's mallopt: memory that a decoder freed is used again instead of being given back and faulted in anew.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 * 2**20

# What numpy, soundfile and soxr raise on samples that they can't work with.
LIBRARY_ERRORS = (ValueError, ArithmeticError, RuntimeError, TypeError, LookupError, OSError)


def main() -> None:
    """Serve a worker until it hangs up; the command line has its process id, its socket and the seconds for a file."""
    worker, control, seconds = int(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), float(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, whose end is this process's
    _warm_up()
    mapped = confinement.mapped_bytes()
    on, missing = confinement.lock_in(worker)
    address_space = mapped + confinement.MEMORY_BYTES if mapped else 0
    os.dup2(sys.stdin.fileno(), sys.stderr.fileno())  # /dev/null: no stranger writes into a log
    control.sendall(json.dumps({"on": on, "missing": missing}).encode() + b"\n")
    with suppress(ConnectionError):
        Server(control, seconds, address_space, filter_calls=confinement.CALLS in on).serve()


def _warm_up() -> None:
    """Load whatever is loaded on first use, while files can still be opened."""
    samples = np.random.default_rng(0).normal(0, 0.1, WARM_UP_RATE * WARM_UP_SECONDS)
    with tempfile.TemporaryFile() as file:
        soundfile.write(file, samples, WARM_UP_RATE, format="MP3")
        for _ in windows_message(decode_windows(file.fileno())):
            pass
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    gc.collect()
    gc.freeze()  # a collection in a decoder would copy every page that it marks


@dataclass
class Server:
    """One worker's decoders, one after another."""

    control: socket.socket
    seconds: float
    address_space: int
    filter_calls: bool

    def serve(self) -> None:
        """Decode what is asked for until the worker hangs up."""
        while True:
            request, descriptors, _, _ = socket.recv_fds(self.control, REQUEST.size, DESCRIPTORS)
            if len(request) < REQUEST.size or len(descriptors) < DESCRIPTORS:
                return
            (at_most,) = REQUEST.unpack(request)
            file, answer = descriptors
            self.control.sendall(self._decode(file, answer, at_most).to_bytes())

    def _decode(self, file: int, answer: int, at_most: int) -> Report:
        alive, held_by_decoder = os.pipe()  # ends when the decoder does, however it does
        try:
            server = os.getpid()
            decoder = os.fork()
            if decoder == 0:
                self._become_decoder(server, file, answer, at_most)
        except OSError as error:
            return Report(End.NOT_STARTED, error.errno or 0, 0, 0.0)
        else:
            os.close(held_by_decoder)
            held_by_decoder = -1
            return self._await(decoder, alive)
        finally:
            for descriptor in {alive, held_by_decoder, file, answer} - {-1}:
                os.close(descriptor)

    def _await(self, decoder: int, alive: int) -> Report:
        ready, _, _ = select.select([alive, self.control.fileno()], [], [], self.seconds)
        os.kill(decoder, signal.SIGKILL)  # without effect on one that has ended
        _, status, usage = os.wait4(decoder, 0)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        cpu = usage.ru_utime + usage.ru_stime
        if not ready:
            return Report(End.OUT_OF_TIME, 0, peak, cpu)
        if os.WIFSIGNALED(status):
            return Report(End.KILLED, os.WTERMSIG(status), peak, cpu)
        return Report(End.EXITED, os.WEXITSTATUS(status), peak, cpu)

    def _become_decoder(self, server: int, file: int, answer: int, at_most: int) -> None:
        code = 1
        try:
            confinement.die_with(server)
            self.control.close()
            confinement.limit(self.address_space, filter_calls=self.filter_calls)
            for part in _answer(file, at_most):
                _write(answer, memoryview(part))
            code = 0
        finally:  # whatever happened, no decoder returns into the server's loop
            os._exit(code)


def _answer(file: int, at_most: int) -> Iterator[bytes | memoryview]:
    try:
        return windows_message(decode_windows(file, at_most))
    except AnalysisError as error:
        return reason_message(error)
    except MemoryError:
        return reason_message(DecoderFailed("Not enough memory to decode this file"))
    except LIBRARY_ERRORS as error:
        return reason_message(DecoderFailed(f"The file could not be decoded: {error}"))


def _write(answer: int, data: memoryview) -> None:
    while data:
        data = data[os.write(answer, data) :]
