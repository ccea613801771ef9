"""Each hostile file gives an error message or a result, in bounded memory, and does not affect other files."""

import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from models.errors import AnalysisError, DecoderFailed, RefusedAudio, UnreadableAudio
from models.sandbox.confinement import MEMORY_BYTES
from models.sandbox.decoder import Decoder
from services.ingest.tags import read_tags
from tests.security.corpus import FORMATS, flac_comments, flac_with, hostile_contents, id3, sound
from tests.security.corpus import write_silence as silence
from tests.security.corpus import write_vast as vast
from tests.security.outcomes import IDLE_BYTES, check_mutations, outcome, scanned

SEEDS = {suffix: sound(suffix) for suffix in FORMATS} | {
    "id3.mp3": id3(300, (b"TIT2\0\0\0\x05\0\0\0Song" + b"COMM\0\0\0\x0a\0\0\0eng\0hello").ljust(300, b"\0"))
    + sound("mp3"),
    "picture.flac": flac_with(6, bytes([0, 0, 0, 3, 0, 0, 0, 9]) + b"image/png" + bytes(23) + b"\x04png!"),
    "comments.flac": flac_comments(20),
}


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.stop()


CONTENTS = hostile_contents(canary=Path("/srv/canary.wav"), url="http://127.0.0.1:9")
DECODED = {
    "tag-frame-200-MB.mp3",
    "tag-200-MB.mp3",
    "tags-in-tags.mp3",
    "picture-16-MB.flac",
    "picture-with-false-size.flac",
    "comments-with-false-size.flac",
    "comments-200000.flac",
    "blocks-5000.flac",
    "pages-in-pages.ogg",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_each_gives_an_error_message_or_a_result(decoder, tmp_path, name):
    """No content exceeds the decoder's memory limit or kills the decoder."""
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])
    found = outcome(decoder, path)
    scanned(CONTENTS[name])

    if isinstance(found, AnalysisError):
        assert not isinstance(found, DecoderFailed), found
    else:
        assert name in DECODED


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("hls.mp3", "a playlist, not audio"),
        ("ffconcat.mp3", "a playlist, not audio"),
        ("nan.wav", "NaN or infinite"),
        ("inf.wav", "NaN or infinite"),
        ("loud.wav", "above full scale"),
        ("channels-1024.wav", "Too many channels: 1024"),
        ("rate-1.wav", "The sample rate 1 Hz"),
        ("no-frames.wav", "no samples"),
        ("empty.mp3", "empty"),
    ],
)
def test_the_error_message_names_the_fault(decoder, tmp_path, name, reason):
    """A person can act on the message."""
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])

    assert reason in str(outcome(decoder, path))


@pytest.mark.parametrize(
    ("rate", "channels"),
    [(8_000, 1), pytest.param(44_100, 2, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])],
    ids=["narrow", "wide"],
)
def test_hours_of_silence_cost_no_more_than_minutes(decoder, tmp_path, rate, channels):
    """Six hours in a few megabytes are refused as silent; neither memory nor time grows with the length."""
    path = silence(tmp_path / "bomb.flac", 6, rate, channels)
    found = outcome(decoder, path)

    assert path.stat().st_size < 10 * 2**20
    assert str(found) == "The file is silent"
    assert decoder.report.peak_bytes < 2 * IDLE_BYTES
    assert decoder.report.cpu_seconds < 10


def test_the_widest_audio_stays_in_bounds(decoder, tmp_path):
    """Eight channels at 384 kHz, the largest allowed input, stay within the memory limit."""
    found = outcome(decoder, vast(tmp_path / "vast.wav"))

    assert str(found) == "The file is silent"
    assert decoder.report.peak_bytes < IDLE_BYTES + MEMORY_BYTES / 2


@pytest.mark.parametrize("kind", ["folder.mp3", "pipe.mp3", "device.mp3", "loop.mp3", "gone.mp3"])
def test_paths_that_are_not_files_are_refused_at_once(decoder, tmp_path, kind):
    """A folder, a pipe without a writer, a device and a link to itself give an error; nothing blocks."""
    path = tmp_path / kind
    if kind == "folder.mp3":
        path.mkdir()
    elif kind == "pipe.mp3":
        os.mkfifo(path)
    elif kind == "device.mp3":
        path.symlink_to("/dev/zero")
    elif kind == "loop.mp3":
        path.symlink_to(path)

    assert isinstance(outcome(decoder, path), UnreadableAudio)


@pytest.mark.parametrize(
    "name", [b"../" * 3 + b"x.wav", b"new\nline.wav", b"\xff\xfe\x80.wav", b"a" * 251 + b".wav", b"-rf ~;$(id).wav"]
)
def test_file_names_do_not_matter(decoder, tmp_path, name):
    """Names with `..`, line breaks, invalid text or the maximum length are decoded like any other."""
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    path = folder / os.fsdecode(name)
    path.write_bytes(SEEDS["wav"])

    assert outcome(decoder, path).duration == pytest.approx(6)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_changes_while_it_is_read(decoder, tmp_path, suffix):
    """A file that grows and shrinks during decoding gives an error or a result each time, and kills no decoder."""
    path = tmp_path / f"changing.{suffix}"
    content = sound(suffix, 20)
    path.write_bytes(content)
    done = threading.Event()

    def write():
        random = np.random.default_rng(1)
        while not done.is_set():
            os.truncate(path, int(random.integers(100, len(content))))
            with path.open("ab") as file:
                file.write(random.bytes(1000))
            path.write_bytes(content)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        found = [outcome(decoder, path) for _ in range(20)]
    finally:
        done.set()
        writing.join()

    assert not [reason for reason in found if isinstance(reason, DecoderFailed)]


@pytest.mark.parametrize("name", ["tag-200-MB.mp3", "tag-frame-200-MB.mp3", "picture-with-false-size.flac"])
def test_a_large_size_in_a_tag_allocates_nothing(tmp_path, name):
    """Memory stays bounded if the tag declares more bytes than the file has, and if the file really has them."""
    path = tmp_path / name
    path.write_bytes(CONTENTS[name])
    os.truncate(path, 2**30)
    tracemalloc.start()
    try:
        with path.open("rb") as stream:
            read_tags(stream, fallback_title="name")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 64 * 2**20


@pytest.mark.parametrize("suffix", SEEDS)
def test_the_seeds_are_valid_music(decoder, tmp_path, suffix):
    """Each seed decodes and has readable tags, so that its mutants test the decoder."""
    path = tmp_path / f"seed.{suffix.rsplit('.', 1)[-1]}"
    path.write_bytes(SEEDS[suffix])

    assert outcome(decoder, path).duration == pytest.approx(6, abs=0.2)
    assert scanned(SEEDS[suffix]).title


@pytest.mark.parametrize("suffix", SEEDS)
def test_mutants_give_an_error_message_or_a_result(decoder, tmp_path, suffix):
    """Flipped, cut, doubled and overwritten bytes kill no decoder, in each format."""
    assert check_mutations(decoder, tmp_path, SEEDS[suffix], range(15)) & {UnreadableAudio, RefusedAudio}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("suffix", SEEDS)
def test_many_mutants_give_an_error_message_or_a_result(decoder, tmp_path, suffix):
    """300 more mutants of each seed kill no decoder either."""
    assert len(check_mutations(decoder, tmp_path, SEEDS[suffix], range(1000, 1300))) >= 2
