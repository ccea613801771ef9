"""Choose which parts of a track are decoded: short windows, spread over its music."""

import math
from collections.abc import Sequence
from itertools import groupby

WINDOW_SECONDS = 10.0
WINDOW_COUNT = 6
LONG_SECONDS = 600.0  # from here on, the number of windows grows with the square root of the music's length
MAX_WINDOWS = 24  # from 2 h 40 min on

# Where a track with silences is searched for music.
PROBE_SECONDS = 0.25
PROBE_SPACING = 2.5  # s: finds all music of a window's length, and the edges of silences within a second or two
HEARD_WHOLE_SECONDS = 1200.0  # up to this length a track is searched whole before it counts as silent
MAX_PROBES = 2048  # a probe takes about a millisecond


def window_count(seconds: float) -> int:
    """Return how many windows represent music of a length in seconds: six, and more of a mix or an audiobook."""
    return min(MAX_WINDOWS, max(WINDOW_COUNT, round(WINDOW_COUNT * math.sqrt(seconds / LONG_SECONDS))))


def window_frames(n_frames: int, sample_rate: int, max_windows: int | None = None) -> list[tuple[int, int]]:
    """Place windows in a track: evenly spread, each centred in an equal part of the track, without overlap.

    A track that is too short for that many gets as many as fit; a track shorter than a window is one window.

    Args:
        n_frames: Length of the track in frames, > 0.
        sample_rate: Hz, > 0.
        max_windows: Maximum number of windows, > 0; `window_count` of the music's length if it is None.

    Returns:
        `(start, length)` in frames for each window, in order; all lengths are equal.
    """
    return frames_in_music([True], n_frames, sample_rate, max_windows)


def frames_in_music(
    audible: Sequence[bool], n_frames: int, sample_rate: int, max_windows: int | None = None
) -> list[tuple[int, int]]:
    """Place windows in the music of a track with long silences, as if the silences were cut out.

    Args:
        audible: For each of equal parts of the track, whether there is music in its middle; at least one is true.
        n_frames: Length of the track in frames, > 0.
        sample_rate: Hz, > 0.
        max_windows: Maximum number of windows, > 0; `window_count` of the music's length if it is None.

    Returns:
        `(start, length)` in frames for each window, in order; all lengths are equal. A window that is longer than the
        music around it reaches into the silence.
    """
    length = min(n_frames, round(WINDOW_SECONDS * sample_rate))
    music = [
        range(parts[0] * n_frames // len(audible), (parts[-1] + 1) * n_frames // len(audible))
        for is_music, group in groupby(range(len(audible)), key=audible.__getitem__)
        if is_music and (parts := list(group))
    ]
    total = sum(map(len, music))
    count = min(max_windows or window_count(total / sample_rate), max(1, total // length))
    return [(_start(music, (2 * index + 1) * total // (2 * count), length, n_frames), length) for index in range(count)]


def number_of_probes(seconds: float) -> int:
    """Return at how many places, evenly spread, a track of a length is searched for music."""
    return min(MAX_PROBES, max(1, round(seconds / PROBE_SPACING)))


def _start(music: Sequence[range], centre: int, length: int, n_frames: int) -> int:
    """Return where a window begins whose centre is at a position in the music, which it leaves only if it must."""
    left = centre
    stretch = next(stretch for stretch in music if (left := left - len(stretch)) < 0)
    room = stretch if len(stretch) >= length else range(n_frames)
    return min(max(stretch.stop + left - length // 2, room.start), room.stop - length)
