"""Cuts, motion and energy over time, of frames that are made here and of clips that ffmpeg writes."""

import os

import numpy as np
import pytest

from models.errors import NeedsFfmpeg, RefusedVideo, UnreadableVideo
from models.ffmpeg import find_ffmpeg
from models.text.tower import TextTower
from models.video.decode import SMALL_PER_SECOND, SMALL_SIDE
from models.video.reading import build_of, measure_movement, read_video
from tests.conftest import missing
from tests.fakes.encoded import ffmpeg
from tests.fakes.videos import bright_and_fast, dark_and_slow, shots, waking_up


def frames(levels):
    """Small frames, each of one grey level."""
    return np.repeat(np.array(levels, np.uint8), SMALL_SIDE * SMALL_SIDE * 3).reshape(-1, SMALL_SIDE, SMALL_SIDE, 3)


def test_cuts_are_counted():
    """Five shots have four cuts; the frames between them do not move."""
    found = measure_movement(frames([level for level in (0, 200, 50, 255, 100) for _ in range(2 * SMALL_PER_SECOND)]))

    assert found.cuts == 4
    assert found.motion == 0
    assert len(found.energy) == 10


def test_motion_is_no_cut():
    """Frames that change evenly have motion and no cut, and more motion is more energy."""
    slow, fast = (measure_movement(frames(np.arange(0, 40 * step, step) % 256)) for step in (1, 6))

    assert (slow.cuts, fast.cuts) == (0, 0)
    assert fast.motion == pytest.approx(6 / 255)
    assert slow.energy.mean() < fast.energy.mean()


def test_a_still_clip_has_no_energy():
    """Nothing moves, so cuts and motion add nothing; one frame is no error."""
    assert measure_movement(frames([7] * 24)).energy.tolist() == [0, 0, 0]
    assert measure_movement(frames([7])).energy.tolist() == [0]


@pytest.mark.parametrize(
    ("course", "build"),
    [
        ([0.1, 0.2, 0.4, 0.6], "rises"),
        ([0.6, 0.4, 0.2, 0.1], "falls"),
        ([0.1, 0.9, 0.1, 0.1, 0.9, 0.1], "varies"),
        ([0.5, 0.5, 0.5], "steady"),
        ([0.5], "steady"),
    ],
)
def test_the_build_names_the_course(course, build):
    """A trend comes before ups and downs."""
    assert build_of(np.array(course)) == build


@pytest.fixture(scope="module")
def tower():
    return TextTower.load()


@pytest.fixture(scope="module")
def readings(tmp_path_factory, tower):
    """The readings of three clips."""
    if find_ffmpeg() is None:
        missing("ffmpeg")
    folder = tmp_path_factory.mktemp("clips")
    clips = {
        write.__name__: write(folder / f"{write.__name__}.mp4") for write in (bright_and_fast, dark_and_slow, waking_up)
    }
    return {name: read(path, tower) for name, path in clips.items()}


def read(path, tower, demuxer="mov"):
    with path.open("rb") as file:
        return read_video(file.fileno(), demuxer, tower)


def test_a_bright_and_fast_clip_asks_for_other_music_than_a_dark_and_slow_one(readings, tower):
    """Mood, energy and rate of cuts differ, and music with energy and valence is nearer to the bright clip."""
    bright, dark = readings["bright_and_fast"], readings["dark_and_slow"]
    lively, gloomy = tower.feel(0.9, 0.9), tower.feel(0.1, 0.1)

    assert bright.cuts_per_minute > 80
    assert dark.cuts_per_minute <= 10
    assert bright.energy > dark.energy + 0.3
    assert bright.valence > dark.valence + 0.3
    assert bright.vector @ lively > dark.vector @ lively
    assert dark.vector @ gloomy > bright.vector @ gloomy
    assert bright.seconds == pytest.approx(6, abs=0.5)


def test_a_clip_that_wakes_up_rises(readings):
    """The energy of its seconds grows."""
    found = readings["waking_up"]

    assert found.build == "rises"
    assert found.course[-2] > found.course[1]


def test_a_clip_without_video_is_named(tmp_path, tower):
    """Music in MP4 is no video; a second is too short, and two and a half minutes are too long."""
    music, short, long = tmp_path / "music.mp4", tmp_path / "short.mp4", tmp_path / "long.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=d=6", music)
    shots(short, [("0x808080", 1)])
    ffmpeg("-f", "lavfi", "-i", "color=s=32x32:r=2:d=150", "-c:v", "libx264", long)

    for path, kind, reason in (
        (music, UnreadableVideo, "The file holds no video"),
        (short, RefusedVideo, "Too short: 1.0 s"),
        (long, RefusedVideo, "Too long: more than 120 s"),
    ):
        with pytest.raises(kind, match=reason):
            read(path, tower)


def test_a_damaged_clip_gives_a_reason(tmp_path, tower):
    """Half of a clip without its index is named as damaged, with what ffmpeg says."""
    whole = dark_and_slow(tmp_path / "whole.mp4")
    whole.write_bytes(whole.read_bytes()[:2000])

    with pytest.raises(UnreadableVideo, match="The file is damaged: "):
        read(whole, tower)


def test_without_ffmpeg_the_reason_says_how_to_install_it(tmp_path, tower, monkeypatch):
    """Video needs ffmpeg."""
    monkeypatch.setattr("models.sandbox.decoder.find_ffmpeg", lambda: None)
    file = tmp_path / "clip.mp4"
    file.write_bytes(os.urandom(100))

    with pytest.raises(NeedsFfmpeg, match="Only ffmpeg decodes video"):
        read(file, tower)


def test_a_clip_of_two_lines_is_read(tmp_path, tower):
    """Scaled frames keep two lines."""
    path = tmp_path / "flat.avi"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=2000x2:r=10:d=5", "-c:v", "mjpeg", path)

    assert read(path, tower, "avi").seconds == 5
