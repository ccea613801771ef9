"""ffmpeg reads the one file that it is given, opens no socket, starts nothing, and never reads a playlist."""

import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from models.audio.ffmpeg import Task, cause
from models.errors import AnalysisError, NeedsFfmpeg, UnreadableAudio
from models.ffmpeg import MUSIC_DECODERS, find_ffmpeg
from models.sandbox.decoder import Decoder
from models.sandbox.program import Program, ProgramLimits
from tests.conftest import missing
from tests.fakes.encoded import ffmpeg

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS offers limits and a clean environment only")
MUSIC = "aevalsrc=0.3*sin(2*PI*(220+20*sin(t))*t)+0.05*random(0)|0.3*sin(2*PI*330*t):d=6:s=44100"


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.stop()


def music(path, *options):
    """Write six seconds of music in the format that the suffix names."""
    if find_ffmpeg() is None:
        missing("ffmpeg")
    ffmpeg("-f", "lavfi", "-i", MUSIC, *options, path)
    return path


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return music(tmp_path_factory.mktemp("song") / "song.m4a")


@pytest.fixture
def canary(tmp_path, song):
    """A playable file that no other file may make ffmpeg read."""
    return Path(shutil.copy(song, tmp_path / "canary.m4a"))


def reason(decoder, path):
    with pytest.raises(AnalysisError) as caught:
        decoder.read_windows(path)
    return caught.value


def atom(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def with_external_samples(movie: bytes, target: Path) -> bytes:
    """Return an MP4 file whose samples are in another file: its data reference names the path."""
    reference = atom(b"url ", b"\0\0\0\0", f"file://{target}".encode() + b"\0")
    found = movie.index(b"dref") - 4
    size = struct.unpack_from(">I", movie, found)[0]
    replaced = atom(b"dref", b"\0\0\0\0\0\0\0\x01", reference)
    grown = bytearray(movie[:found] + replaced + movie[found + size :])
    for name in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = bytes(grown).index(name) - 4
        struct.pack_into(">I", grown, place, struct.unpack_from(">I", grown, place)[0] + len(replaced) - size)
    return bytes(grown)


def scripts(canary: Path, url: str) -> dict[str, bytes]:
    """Playlists and scripts that name another file or an address, under names of music."""
    return {
        "hls.m4a": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{canary}\n#EXT-X-ENDLIST\n".encode(),
        "remote.m4a": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}/a.ts\n#EXT-X-ENDLIST\n".encode(),
        "concat.wma": f"ffconcat version 1.0\nfile '{canary}'\n".encode(),
        "dash.mp4": f'<?xml version="1.0"?><MPD><Period><BaseURL>{url}/</BaseURL></Period></MPD>'.encode(),
        "sdp.aac": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na=x:{url}\n".encode(),
        "asx.wma": f'<asx version="3.0"><entry><ref href="{url}/a.wma"/></entry></asx>'.encode(),
        "pls.wv": f"[playlist]\nFile1={url}/a.wv\n".encode(),
        "mixed.m4a": b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + f"\n#EXTM3U\n{canary}\n".encode(),
    }


@pytest.mark.parametrize("name", scripts(Path("/x"), "http://127.0.0.1:9"))
def test_playlists_and_scripts_are_refused(decoder, canary, tmp_path, name):
    """None is decoded, whatever its name; the demuxer follows from the content and is never one for scripts."""
    path = tmp_path / name
    path.write_bytes(scripts(canary, "http://127.0.0.1:9")[name])

    assert isinstance(reason(decoder, path), UnreadableAudio)


def test_samples_in_another_file_are_not_read(decoder, canary, tmp_path):
    """A QuickTime file may name another file that holds its samples; ffmpeg does not open it."""
    whole = music(tmp_path / "whole.mov", "-c:a", "pcm_s16le", "-movflags", "faststart").read_bytes()
    start = whole.index(b"mdat") + 4
    hollow = with_external_samples(whole[:start] + bytes(len(whole) - start), canary)
    path = tmp_path / "external.mov"
    path.write_bytes(hollow)

    assert decoder.read_windows(canary).power.mean() > 0.01
    assert decoder.read_windows(path).power.mean() < 0.001, "its own zeros were decoded, after the bytes of its header"


def test_attachments_are_not_opened(decoder, tmp_path):
    """Attachments and a second stream in a Matroska file change nothing."""
    script = tmp_path / "script.txt"
    script.write_text(f"#EXTM3U\nfile://{tmp_path}/secret\n", encoding="utf-8")
    path = tmp_path / "attached.mka"
    music(path, "-c:a", "aac", "-attach", str(script), "-metadata:s:t", "mimetype=application/x-mpegurl")

    assert decoder.read_windows(path).duration == pytest.approx(6, abs=0.1)


CONFINED = """
import ctypes, os, sys
from models.sandbox import confinement
from models.sandbox.landlock import READ_FILE, EXECUTE, Rule
on, missing = confinement.confine_server(os.getppid(), starts_programs=True)
assert not missing, missing
file = os.open(sys.argv[1], os.O_RDONLY)
confinement.limit_program([Rule(file, READ_FILE)], 1000, on)
libc = ctypes.CDLL(None, use_errno=True)
try:
    {attempt}
except (OSError, MemoryError, ValueError) as error:
    os.write(1, type(error).__name__.encode())
else:
    os.write(1, b"done")
os._exit(0)
"""
ATTEMPTS = {
    "reads another file": "open('/etc/hostname')",
    "reads its own secrets": "open('/proc/self/environ')",
    "lists a folder": "os.listdir('/')",
    "writes a file": "open('/tmp/segue-was-here', 'w')",
    "writes to its file": "os.open(f'/proc/self/fd/{file}', os.O_RDWR)",
    "removes a file": "os.unlink('/tmp/segue-was-here')",
    "opens a socket": "__import__('socket').socket()",
    "opens a Unix socket": "__import__('socket').socket(1)",
    "starts another program": "os.execv('/bin/true', ['true'])",
    "starts a process": "os.fork()",
    "kills its parent": "os.kill(os.getppid(), 15)",
    "raises its limits": "__import__('resource').setrlimit(7, (1000, 1000))",
    "takes memory": "bytearray(2**30)",
}


def attempted(attempt, file):
    command = [sys.executable, "-c", CONFINED.format(attempt=attempt.replace("{", "{"))]
    return subprocess.run([*command, str(file)], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_program_has_no_other_rights(song, attempt):
    """The kernel refuses each attempt of a process that is confined like ffmpeg, for root too."""
    found = attempted(attempt, song)

    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout in {"PermissionError", "OSError", "MemoryError", "ValueError"}


def test_a_program_reads_its_file(song):
    """The file may be opened again by its descriptor."""
    found = attempted("os.read(os.open(f'/proc/self/fd/{file}', os.O_RDONLY), 10)", song)

    assert (found.stdout, found.returncode) == ("done", 0)


def test_the_command_names_its_file_by_descriptor(song):
    """No path and no name of the library is in ffmpeg's command line; protocols, demuxer and decoders are fixed."""
    task = Task("mov", 240.0)
    arguments = task.arguments("/proc/self/fd/9", list(range(10, 16)), 16)

    assert arguments.count("-i") == arguments.count("-protocol_whitelist") == arguments.count("-f") - 7 == 7
    assert {arguments[place + 1] for place, word in enumerate(arguments) if word == "-i"} == {"/proc/self/fd/9"}
    assert {arguments[place + 1] for place, word in enumerate(arguments) if word == "-protocol_whitelist"} == {"file"}
    assert {arguments[place + 1] for place, word in enumerate(arguments) if word == "-format_whitelist"} == {"mov"}
    assert not {"mjpeg", "png", "h264", "ass", "concat"} & set(MUSIC_DECODERS.split(","))


@pytest.mark.parametrize(("seconds", "windows"), [(240.0, 6), (40_000.0, 5), (900_000.0, 1)])
def test_a_long_file_is_opened_fewer_times(seconds, windows):
    """ffmpeg indexes the whole file for each window, so a file that declares days gets one."""
    assert len(Task("mov", seconds).places) == windows


def test_output_is_bounded(song, decoder):
    """ffmpeg cannot write more than the limit into one of its outputs."""
    program = Program.find_files(find_ffmpeg().path)
    output, messages = os.memfd_create("output"), os.memfd_create("messages")
    with song.open("rb") as file:
        arguments = ["-nostdin", "-f", "mov", "-i", f"/proc/self/fd/{file.fileno()}", "-f", "s16le", f"pipe:{output}"]
        limits = ProgramLimits(100_000, ())
        process = program.start(arguments, file.fileno(), [output], messages, limits)
        _, status = os.waitpid(process, 0)

    assert os.waitstatus_to_exitcode(status) != 0
    assert os.fstat(output).st_size <= 100_000


def test_a_file_that_was_cut_off_is_named(decoder, song, tmp_path):
    """The reason says what the file declares and where it ends."""
    path = tmp_path / "cut.m4a"
    ffmpeg("-i", song, "-c", "copy", "-movflags", "faststart", path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert re.fullmatch(
        r"The file ends early or is damaged: it declares 6\.0 s, but ends at [23]\.\d s", str(reason(decoder, path))
    )


@pytest.mark.parametrize("name", ["cut.wma", "cut.m4a", "cut.mka", "cut.wv"])
def test_one_rule_for_the_missing_part_of_a_file(decoder, tmp_path, name):
    """A file that misses a third is refused; the measured length of one that misses a fourteenth counts."""
    path = music(
        tmp_path / name, "-af", "aloop=1:size=264600", *(("-movflags", "faststart") if name.endswith("m4a") else ())
    )
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 93 // 100])

    assert decoder.read_windows(path).duration == pytest.approx(11.2, abs=0.6)

    path.write_bytes(content[: len(content) * 66 // 100])

    assert "ends early or is damaged: it declares 12.0 s" in str(reason(decoder, path))


def test_no_words_of_ffmpeg_are_in_a_reason(decoder, song, tmp_path):
    """An M4A without its index is named as incomplete."""
    path = tmp_path / "cut.m4a"
    content = song.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert str(reason(decoder, path)) == "The file is damaged: its index is missing: the file is incomplete"
    assert cause("[error] channel element 1.6 is not allocated\n") == "it cannot be decoded"
    assert cause("[aac @ 0x5] [error] Invalid data found when processing input\n") == "its data is invalid"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the files of others")
def test_a_file_of_another_user_is_read_by_root(decoder, canary):
    """The worker's right to read it is enough, although the sandbox has given root's rights up."""
    os.chown(canary, 12345, 12345)
    canary.chmod(0o600)

    assert decoder.read_windows(canary).duration == pytest.approx(6, abs=0.1)


def test_ffmpeg_that_does_not_start_is_no_fault_of_the_file(song, monkeypatch, tmp_path):
    """A program that is no ffmpeg gives the reason that the owner can act on."""
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr("models.sandbox.decoder.find_ffmpeg", lambda: type(find_ffmpeg())(str(broken), "7.1"))
    decoder = Decoder()
    try:
        error = reason(decoder, song)
    finally:
        decoder.stop()

    assert isinstance(error, NeedsFfmpeg)
    assert "ffmpeg does not start" in str(error)
