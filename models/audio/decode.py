"""Decode a few short windows of a music file, in bounded time and memory.

Six windows of ten seconds cost a quarter of a full decode, and six hours of silence are a 4 MB file that would decode
to 8 GB. libsndfile recognises the format by its content, not by the file name, so no playlist is followed and no other
program reads the file.
"""

import errno
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.audio.placement import (
    HEARD_WHOLE_SECONDS,
    PROBE_SECONDS,
    frames_in_music,
    number_of_probes,
    window_frames,
)
from models.audio.sound import Sound, check_length, open_sound, without_messages
from models.audio.waveform import Window, audible_window, is_silent
from models.errors import AnalysisError, RefusedAudio, UnreadableAudio

SAMPLE_RATE = 16_000  # Hz: what the encoder was trained on


@dataclass(frozen=True)
class Windows:
    """The decoded windows of one track.

    Attributes:
        samples: Mono, float32 `(n_windows, n_samples)`, full scale ±1, at `sample_rate`.
        sample_rate: 16 000 Hz.
        duration: Length of the whole track in seconds.
        starts: Start of each window in the track, in seconds, in ascending order.
        power: Mean square of each 100 ms at the file's own rate, summed over one or two channels, float32
            `(n_windows, n_steps)`. Loudness needs all channels and the frequencies above 8 kHz, which `samples` lacks.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    duration: float
    starts: tuple[float, ...]
    power: NDArray[np.float32]


def stacked(windows: Sequence[tuple[float, Window]], duration: float) -> Windows:
    """Return the audible windows of a track as one object.

    Args:
        windows: `(start, window)` in order, the start in seconds; the windows are equally long.
        duration: Length of the whole track in seconds.

    Raises:
        RefusedAudio: There are none: the track is silent.
    """
    if not windows:
        raise RefusedAudio("The file is silent")
    return Windows(
        samples=np.stack([window.samples for _, window in windows]),
        sample_rate=SAMPLE_RATE,
        duration=duration,
        starts=tuple(start for start, _ in windows),
        power=np.stack([window.power for _, window in windows]),
    )


def read_windows(path: Path, max_windows: int | None = None) -> Windows:
    """Decode a few windows of a trusted file in this process, for training and evaluation.

    Untrusted files must go through `models.sandbox.decoder.read_windows`.

    Args:
        path: A regular file.
        max_windows: Maximum number of windows, > 0; see `window_frames`. Training reads more windows than serving.

    Returns:
        One or more windows, as many as fit without overlap.

    Raises:
        UnreadableAudio: The file cannot be opened, or see `decode_windows`.
        RefusedAudio: See `decode_windows`.
    """
    with regular_file(path) as descriptor, without_messages():
        return decode_windows(descriptor, max_windows)


def decode_windows(descriptor: int, max_windows: int | None = None) -> Windows:
    """Decode a few windows of a music file, in a format that libsndfile decodes.

    Silences are left out, so that the music of a track with ten minutes of silence describes it.

    Args:
        descriptor: A regular file, open for reading; its offset changes.
        max_windows: Maximum number of windows, > 0; see `window_frames`. Training reads more windows than serving.

    Returns:
        One or more windows, as many as fit without overlap.

    Raises:
        UnreadableAudio: The file is not audio in these formats, is damaged or ends early.
        RefusedAudio: The audio is shorter than 5 s, longer than 12 h, silent or outside the limits above.
    """
    try:
        with open_sound(descriptor) as sound:
            duration = sound.n_frames / sound.sample_rate
            check_length(duration)
            return stacked(_audible_windows(sound, max_windows), duration)
    except OSError as error:
        raise UnreadableAudio(f"The file could not be read: {error.strerror}") from error
    except (ValueError, LookupError, struct.error) as error:  # a parser's, for example of a file that changes meanwhile
        raise UnreadableAudio("The file is damaged") from error


@contextmanager
def regular_file(path: Path, unreadable: type[AnalysisError] = UnreadableAudio) -> Iterator[int]:
    """Open a regular file for reading; opening a pipe does not block.

    Args:
        path: The file.
        unreadable: The error of a file that cannot be read.

    Yields:
        A descriptor, open for reading.

    Raises:
        AnalysisError: The given one: the file cannot be opened, is not a regular file or is empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(_open_error(error)) from error
    try:
        check_regular(descriptor, unreadable)
        yield descriptor
    finally:
        os.close(descriptor)


def check_regular(descriptor: int, unreadable: type[AnalysisError] = UnreadableAudio) -> int:
    """Check that a descriptor is a regular, non-empty file.

    Args:
        descriptor: An open descriptor; its offset does not change.
        unreadable: The error of a file that is not.

    Returns:
        The size of the file in bytes.

    Raises:
        AnalysisError: The given one: a folder, a pipe, a socket, a device or an empty file.
    """
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise unreadable("The path is a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise unreadable("The path is a pipe, socket or device, not a file")
    if status.st_size == 0:
        raise unreadable("The file is empty (0 bytes)")
    return status.st_size


def _open_error(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "No permission to read the file"
    if isinstance(error, FileNotFoundError):
        return "The file does not exist"
    if error.errno == errno.ENXIO:
        return "The path is a pipe, socket or device, not a file"
    return f"The file could not be opened: {error.strerror}"


def _audible_windows(sound: Sound, max_windows: int | None) -> list[tuple[float, Window]]:
    """Decode windows; if some are silent, place them again where the music is."""
    places = window_frames(sound.n_frames, sound.sample_rate, max_windows)
    windows = _decode_places(sound, places)
    if len(windows) < len(places):
        audible = _places_of_music(sound, PROBE_SECONDS)
        if not any(audible) and sound.n_frames <= HEARD_WHOLE_SECONDS * sound.sample_rate:
            audible = _places_of_music(sound, HEARD_WHOLE_SECONDS)
        if any(audible):
            windows = _decode_places(sound, frames_in_music(audible, sound.n_frames, sound.sample_rate, max_windows))
    return windows


def _decode_places(sound: Sound, places: list[tuple[int, int]]) -> list[tuple[float, Window]]:
    """Decode windows; return the start in seconds and the window of those that are not silent."""
    # One buffer for all windows, because fresh memory costs a page fault every 4 kB.
    frames = np.empty((places[0][1], sound.channels), dtype=np.float32)
    audible = []
    for start, _ in places:
        sound.read(start, frames)
        window = audible_window(frames, sound.sample_rate, SAMPLE_RATE)
        if window is not None:
            audible.append((start / sound.sample_rate, window))
    return audible


def _places_of_music(sound: Sound, probe_seconds: float) -> list[bool]:
    """Return for each of equal parts of a sound whether there is music in its middle, of at most `probe_seconds`."""
    count = number_of_probes(sound.n_frames / sound.sample_rate)
    length = min(round(probe_seconds * sound.sample_rate), sound.n_frames // count)
    frames = np.empty((length, sound.channels), dtype=np.float32)
    audible = []
    for index in range(count):
        sound.read((2 * index + 1) * sound.n_frames // (2 * count) - len(frames) // 2, frames)
        audible.append(not is_silent(frames))
    return audible
