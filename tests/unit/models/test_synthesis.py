"""Synthesised pieces have the tempo, key, mode and level they were made with."""

from dataclasses import replace

import numpy as np
import pytest
from tinytag import TinyTag

from models.audio.decode import read_windows
from models.corpus.synthesis import Piece, render, write, write_library

PIECE = Piece("Test", "Tests", tempo=100, tonic=48, minor=False, percussion=0.5, seconds=20)


def test_rendering_is_deterministic():
    """The same piece gives the same samples within full scale; another seed gives other samples."""
    samples = render(PIECE)

    assert samples.dtype == np.float32
    assert samples.shape == (20 * 44_100, 2)
    assert np.abs(samples).max() <= 1
    np.testing.assert_array_equal(samples, render(PIECE))
    assert not np.array_equal(samples, render(replace(PIECE, seed=1)))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The folder of the whole library, written once per module."""
    folder = tmp_path_factory.mktemp("library")
    write_library(folder)
    return folder


@pytest.mark.parametrize("minor", [False, True])
def test_descriptors_match_the_piece(described, tmp_path, minor):
    """Measured tempo, key, mode and metre are those of the piece."""
    progression = (0, 3, 4, 0) if minor else (0, 4, 5, 3)
    piece = replace(PIECE, minor=minor, tonic=45, metre=3, progression=progression, percussion=0, sustain=0.3)
    write(piece, tmp_path / "piece.flac")

    found = described(read_windows(tmp_path / "piece.flac"))

    assert found["tempo"] == pytest.approx(100, rel=0.01)
    assert (found["key"], found["mode"], found["time_signature"]) == (9, 0 if minor else 1, 3)


def test_brightness_percussion_and_level_change_the_descriptors(described, tmp_path):
    """A brighter piece has a greater brightness, a louder one a greater loudness, one with drums more onsets."""
    calm = replace(PIECE, brightness=0.1, percussion=0, sustain=1.0, level=-24)
    lively = replace(PIECE, brightness=0.9, percussion=1, sustain=0.2, level=-12)
    for name, piece in (("calm", calm), ("lively", lively)):
        write(piece, tmp_path / f"{name}.flac")

    quiet, loud = (described(read_windows(tmp_path / f"{name}.flac")) for name in ("calm", "lively"))

    assert loud["brightness"] > 1.5 * quiet["brightness"]
    assert loud["loudness"] > quiet["loudness"] + 6
    assert loud["onset_rate"] > quiet["onset_rate"] + 1


def test_the_library_is_tagged_and_written_once(library):
    """It has eighteen tagged tracks of 30 to 45 s in four albums; a second run writes nothing."""
    paths = write_library(library)
    written = {path: path.stat().st_mtime_ns for path in paths}
    tags = [TinyTag.get(path) for path in paths]

    assert len(set(paths)) == 18
    assert {path for path in library.rglob("*") if path.is_file()} == set(paths)
    assert {path.parent.name for path in paths} == {tag.album for tag in tags}
    assert len({tag.album for tag in tags}) == 4
    assert len({tag.title for tag in tags}) == 18
    assert all(tag.artist == "Segue" and 30 <= tag.duration <= 45 for tag in tags)
    assert {path: path.stat().st_mtime_ns for path in write_library(library)} == written


def test_an_interrupted_library_is_completed(library):
    """The next run writes missing files and removes partial ones."""
    paths = write_library(library)
    paths[0].unlink()
    paths[0].with_name(f".{paths[0].name}.partial").write_bytes(b"half")

    write_library(library)

    assert TinyTag.get(paths[0]).duration == pytest.approx(32, abs=0.1)
    assert not list(library.rglob("*.partial"))
