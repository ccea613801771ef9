"""Mutated M4A, WMA, AIFF, WavPack and Matroska files give a result or a reason, and nothing else is read."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

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
CALL = re.compile(r'^\d+ +(?P<name>\w+)\((?:AT_FDCWD, )?(?:"(?P<path>[^"]*)")?.*\) += (?P<result>-?\d+)', re.MULTILINE)
# The decoder opens the file that it was given by its descriptor, and ffmpeg's loader opens the libraries.
OPENED = re.compile(r"/proc/self/fd/\d+|/etc/ld\.so\.cache|/(usr/)?lib(64)?/.*\.so[.\d]*")


class Traced:
    """A decoder, and the system calls of its server and of all processes that it starts."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "calls"
        self.decoder = Decoder()
        self.decoder.start()
        command = ["strace", "-f", "-e", TRACED, "-o", str(self._log), "-p", str(self.decoder.server_id)]
        self._strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._strace.stderr is not None
        assert "attached" in self._strace.stderr.readline()

    def stop(self) -> list[tuple[str, str]]:
        """Stop the decoder and return the calls that succeeded: name and path."""
        self.decoder.stop()
        self._strace.communicate(timeout=60)
        calls = CALL.finditer(self._log.read_text(encoding="utf-8", errors="replace"))
        return [(call["name"], call["path"] or "") for call in calls if int(call["result"]) >= 0]


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    try:
        subprocess.run(["strace", "-V"], check=True, capture_output=True)
    except FileNotFoundError:
        missing("strace")
    made = Traced(tmp_path)
    yield made
    made.decoder.stop()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    if lacking := missing_encoders():
        missing(", ".join(lacking))
    folder = tmp_path_factory.mktemp("seeds")
    source = write_source(folder / "source.wav")
    return {form.name: form.encode(source, folder).read_bytes() for form in FORMATS if form.name in SEEDS}


def check_mutants(traced: Traced, folder: Path, seeds: dict[str, bytes], numbers: range) -> None:
    kinds = set()
    for content in seeds.values():
        kinds |= check_mutations(traced.decoder, folder, content, numbers)
    calls = traced.stop()
    ffmpeg = find_ffmpeg()
    assert ffmpeg is not None
    opened = {path for name, path in calls if name.startswith("open")}

    assert any(issubclass(kind, AnalysisError) for kind in kinds)
    assert any(not issubclass(kind, AnalysisError) for kind in kinds)
    assert {name for name, _ in calls} <= {"open", "openat", "execve"}
    assert {path for name, path in calls if name == "execve"} == {ffmpeg.path}
    assert {path for path in opened if not OPENED.fullmatch(path)} <= {ffmpeg.path}


@pytest.mark.timeout(1200)
def test_mutants_read_no_other_file_and_open_no_socket(traced, tmp_path, seeds):
    """A hundred files with flipped, cut, doubled and overwritten bytes: each a reason or a result."""
    check_mutants(traced, tmp_path, seeds, range(MUTANTS))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many_mutants_read_no_other_file_and_open_no_socket(traced, tmp_path, seeds):
    """Two thousand more of them."""
    check_mutants(traced, tmp_path, seeds, range(1000, 1000 + MANY_MUTANTS))
