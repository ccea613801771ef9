"""Mutated M4A, WMA, AIFF, WavPack and Matroska files give a result or a reason, and nothing else is read."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from models.errors import AnalysisError
from models.ffmpeg import find_ffmpeg
from models.sandbox.decoder import Decoder
from tests.conftest import missing
from tests.fakes.encoded import FORMATS, missing_encoders, write_source
from tests.security.outcomes import check_mutations

SEEDS = {
    "AAC in M4A": "M4A",
    "ALAC in M4A": "M4A",
    "AAC in fragmented MP4": "M4A",
    "WMA 2": "WMA",
    "AIFF": "AIFF",
    "AIFF-C, little-endian": "AIFF",
    "WavPack": "WavPack",
    "FLAC in Matroska": "Matroska",
    "Opus in WebM": "Matroska",
}
MUTANTS, MANY_MUTANTS = 12, 223  # of each seed: 108, and 2,007

TRACED = "trace=open,openat,openat2,creat,execve,socket,connect,bind,listen"
CALL = re.compile(r'^(?P<process>\d+) +(?P<name>\w+)\((?:AT_FDCWD, )?(?:"(?P<path>[^"]*)")?')
RESULT = re.compile(r"\) += (?P<result>-?\d+)")
# The decoder opens the file that it was given by its descriptor, and ffmpeg's loader opens the libraries.
OPENED = re.compile(r"/proc/self/fd/\d+|/dev/urandom|/etc/ld\.so\.cache|/(usr/)?lib(64)?/.*\.so[.\d]*")


class Calls(Thread):
    """Reads what strace writes, and keeps the calls that succeeded since a program was started first."""

    def __init__(self, log: Path, program: str) -> None:
        super().__init__(daemon=True)
        self._log = log
        self.program = program
        self.succeeded: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Read until strace ends. A call that another process interrupts has its result on a later line."""
        begun: dict[str, tuple[str, str]] = {}
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if call := CALL.match(line):
                    begun[call["process"]] = call["name"], call["path"] or ""
                result = RESULT.search(line)
                done = begun.get(line.split(maxsplit=1)[0])
                if (
                    done
                    and result
                    and int(result["result"]) >= 0
                    and (self.succeeded or done == ("execve", self.program))
                ):
                    self.succeeded.add(done)


@dataclass(frozen=True, slots=True)
class Traced:
    """A decoder, and the system calls of its server and of all processes that it starts."""

    decoder: Decoder
    calls: Calls


@pytest.fixture
def traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traced]:
    strace = shutil.which("strace")
    if strace is None:
        missing("strace")
    log, interpreter = tmp_path / "calls", tmp_path / "traced-python"
    os.mkfifo(log)
    # -D: the decoder stays a child of this process, which it requires.
    interpreter.write_text(f'#!/bin/sh\nexec {strace} -D -f -qq -e {TRACED} -o {log} {sys.executable} "$@"\n')
    interpreter.chmod(0o755)
    ffmpeg = find_ffmpeg()
    assert ffmpeg is not None
    calls, decoder = Calls(log, ffmpeg.path), Decoder()
    calls.start()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(interpreter))
        decoder.start()
    yield Traced(decoder, calls)
    decoder.stop()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if lacking := missing_encoders():
        missing(", ".join(lacking))
    folder = tmp_path_factory.mktemp("seeds")
    source = write_source(folder / "source.wav")
    return {form.name: form.encode(source, folder).read_bytes() for form in FORMATS if form.name in SEEDS}


def check_mutants(traced: Traced, folder: Path, seeds: dict[str, bytes], numbers: range) -> None:
    whole = folder / "whole.m4a"
    whole.write_bytes(seeds["AAC in M4A"])
    kinds = {type(traced.decoder.read_windows(whole))}  # from here on, calls are kept: the start is trusted
    for content in seeds.values():
        kinds |= check_mutations(traced.decoder, folder, content, numbers)
    traced.decoder.stop()
    traced.calls.join(timeout=60)
    calls, ffmpeg = traced.calls.succeeded, traced.calls.program
    opened = {path for name, path in calls if name.startswith("open")}

    assert any(issubclass(kind, AnalysisError) for kind in kinds)
    assert any(not issubclass(kind, AnalysisError) for kind in kinds)
    assert {name for name, _ in calls} <= {"open", "openat", "execve"}
    assert {path for name, path in calls if name == "execve"} == {ffmpeg}
    assert {path for path in opened if not OPENED.fullmatch(path)} <= {ffmpeg}


@pytest.mark.timeout(1200)
def test_mutants_read_no_other_file_and_open_no_socket(traced, tmp_path, seeds):
    """A hundred files with flipped, cut, doubled and overwritten bytes: each a reason or a result."""
    check_mutants(traced, tmp_path, seeds, range(MUTANTS))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many_mutants_read_no_other_file_and_open_no_socket(traced, tmp_path, seeds):
    """Two thousand more of them."""
    check_mutants(traced, tmp_path, seeds, range(1000, 1000 + MANY_MUTANTS))
