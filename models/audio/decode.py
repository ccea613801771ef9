"""Decode a few short windows of a music file, in bounded time and memory.

Six windows of ten seconds cost a quarter of a full decode, and six hours of silence are a 4 MB file that would decode
to 8 GB. libsndfile recognises the format by its content, not by the file name, so no playlist is followed and no other
program reads the file.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.audio.waveform import Window, audible_window
from models.containers import UnsupportedContainer, mpeg
from models.containers.mpeg import CountedMp3
from models.containers.recognise import not_supported, recognise
from models.errors import AnalysisError, RefusedAudio, UnreadableAudio

SAMPLE_RATE = 16_000  # Hz: what the encoder was trained on
WINDOW_COUNT = 6
WINDOW_SECONDS = 10.0

PREROLL_FRAMES = 8192  # the longest Vorbis block: the first one after a seek overlaps with samples from before it

MIN_SECONDS = 5.0  # shorter audio has too few beats and bars to measure
MAX_SECONDS = 12 * 3600.0  # longer than any album; an all-day recording has no single mood
END_TOLERANCE = 0.5  # s of silence that may complete the last window: many MP3s declare a few frames too many
MAX_CHANNELS = 8  # 7.1, the widest layout in which music is sold; libsndfile allows 1024
MIN_SAMPLE_RATE = 4_000  # Hz: below telephone quality, too little timbre is left
MAX_SAMPLE_RATE = 384_000  # Hz: the highest rate at which music is sold

SF_ERR_UNRECOGNISED_FORMAT = 1  # libsndfile's error code
UNDECLARED_FRAMES = 2**62  # libsndfile reports 2**63 - 1 frames for a FLAC whose header declares no length

# libsndfile's other decoders (ADPCM, GSM, VOX …) had most of its memory errors, and music libraries do not use
# them. None allows every subtype of a container.
ALLOWED_SUBTYPES: dict[str, frozenset[str] | None] = {
    "WAV": frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}),
    "WAVEX": frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}),
    "FLAC": None,
    "OGG": frozenset({"VORBIS", "OPUS"}),
    "MP3": None,
}


@dataclass(frozen=True)
class Windows:
    """The decoded windows of one track.

    Attributes:
        samples: Mono, float32 `(n_windows, n_samples)`, full scale ±1, at `sample_rate`.
        sample_rate: 16 000 Hz.
        duration: Length of the whole track in seconds.
        power: Mean square of each 100 ms at the file's own rate, summed over one or two channels, float32
            `(n_windows, n_steps)`. Loudness needs all channels and the frequencies above 8 kHz, which `samples` lacks.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    duration: float
    power: NDArray[np.float32]


def stacked(windows: Sequence[Window], duration: float) -> Windows:
    """Return the audible windows of a track as one object.

    Args:
        windows: The windows, equally long.
        duration: Length of the whole track in seconds.

    Raises:
        RefusedAudio: There are none: the track is silent.
    """
    if not windows:
        raise RefusedAudio("The file is silent")
    return Windows(
        samples=np.stack([window.samples for window in windows]),
        sample_rate=SAMPLE_RATE,
        duration=duration,
        power=np.stack([window.power for window in windows]),
    )


def window_frames(n_frames: int, sample_rate: int, max_windows: int = WINDOW_COUNT) -> list[tuple[int, int]]:
    """Place windows in a track: evenly spread, each centred in an equal part of the track, without overlap.

    A track that is too short for `max_windows` gets as many as fit; a track shorter than a window is one window.

    Args:
        n_frames: Length of the track in frames, > 0.
        sample_rate: Hz, > 0.
        max_windows: Maximum number of windows, > 0.

    Returns:
        `(start, length)` in frames for each window, in order; all lengths are equal.
    """
    length = min(n_frames, round(WINDOW_SECONDS * sample_rate))
    count = min(max_windows, n_frames // length)
    return [((2 * index + 1) * n_frames // (2 * count) - length // 2, length) for index in range(count)]


def read_windows(path: Path, max_windows: int = WINDOW_COUNT) -> Windows:
    """Decode a few windows of a trusted file in this process, for training and evaluation.

    Untrusted files must go through `models.sandbox.decoder.read_windows`.

    Args:
        path: A regular file.
        max_windows: Maximum number of windows, > 0; training reads more windows per track than serving.

    Returns:
        Between one and `max_windows` windows.

    Raises:
        UnreadableAudio: The file cannot be opened, or see `decode_windows`.
        RefusedAudio: See `decode_windows`.
    """
    with regular_file(path) as descriptor:
        return decode_windows(descriptor, max_windows)


def decode_windows(descriptor: int, max_windows: int = WINDOW_COUNT) -> Windows:
    """Decode a few windows of a music file: WAV, FLAC, Ogg Vorbis, Opus or MP3.

    Silent windows are left out, so that the music of a track with ten minutes of silence describes it.

    Args:
        descriptor: A regular file, open for reading; its offset changes.
        max_windows: Maximum number of windows, > 0; training reads more windows per track than serving.

    Returns:
        Between one and `max_windows` windows.

    Raises:
        UnreadableAudio: The file is not audio in these formats, is damaged or ends early.
        RefusedAudio: The audio is shorter than 5 s, longer than 12 h, silent or outside the limits above.
    """
    try:
        source, n_frames = _checked_source(descriptor)
        with _sound_file(source) as file:
            windows = _audible_windows(file, window_frames(n_frames, file.samplerate, max_windows))
            return stacked(windows, n_frames / file.samplerate)
    except OSError as error:
        raise UnreadableAudio(f"The file could not be read: {error.strerror}") from error


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


@contextmanager
def _sound_file(source: int | CountedMp3) -> Iterator[soundfile.SoundFile]:
    """Open a descriptor with libsndfile; without a file name it recognises the format by content alone."""
    if isinstance(source, int):  # libsndfile takes the current offset as the start of the file
        os.lseek(source, 0, os.SEEK_SET)
    else:
        source.seek(0)
    try:
        with soundfile.SoundFile(source, closefd=False) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_libsndfile_error(error, source)) from error


def _libsndfile_error(error: soundfile.LibsndfileError, source: int | CountedMp3) -> str:
    if error.code == SF_ERR_UNRECOGNISED_FORMAT and isinstance(source, int):
        try:
            container = recognise(_stream(source))
        except UnsupportedContainer as unsupported:
            return str(unsupported)
        return f"The {container.name} file is damaged" if container.native else not_supported(container.name)
    return f"The file is damaged: {error.error_string.removeprefix('Error : ').rstrip('.')}"


def _stream(descriptor: int) -> BinaryIO:
    """Wrap a descriptor for the container parsers, which move its offset; it stays open."""
    return os.fdopen(descriptor, "rb", closefd=False)


def _checked_source(descriptor: int) -> tuple[int | CountedMp3, int]:
    """Check format and limits; return the source to decode and its length in frames."""
    source: int | CountedMp3 = descriptor
    with _sound_file(descriptor) as file:
        _check_format(file)
        n_frames, sample_rate, is_mp3 = file.frames, file.samplerate, file.format == "MP3"
    stream = _stream(descriptor)
    declared = mpeg.declares_length(stream) if is_mp3 else n_frames < UNDECLARED_FRAMES
    if not declared:
        limit = round(MAX_SECONDS * sample_rate) + sample_rate
        source = (CountedMp3.counting(stream, limit) if is_mp3 else None) or descriptor
        with _sound_file(source) as file:
            n_frames = file.frames
        n_frames = _probed_length(source, n_frames, sample_rate)
    seconds = n_frames / sample_rate
    if n_frames <= 0:
        raise UnreadableAudio("The file has a header but no samples")
    if seconds < MIN_SECONDS:
        raise RefusedAudio(f"Too short: {seconds:.1f} s; the minimum is {MIN_SECONDS:.0f} s")
    if seconds > MAX_SECONDS:
        raise RefusedAudio(f"Too long: {seconds / 3600:.1f} h; the maximum is {MAX_SECONDS / 3600:.0f} h")
    return source, n_frames


def _check_format(file: soundfile.SoundFile) -> None:
    if file.format not in ALLOWED_SUBTYPES:
        raise UnreadableAudio(not_supported(file.format))
    subtypes = ALLOWED_SUBTYPES[file.format]
    if subtypes is not None and file.subtype not in subtypes:
        raise UnreadableAudio(not_supported(f"{file.format} with {file.subtype}"))
    if not MIN_SAMPLE_RATE <= file.samplerate <= MAX_SAMPLE_RATE:
        raise RefusedAudio(f"The sample rate {file.samplerate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")
    if file.channels > MAX_CHANNELS:
        raise RefusedAudio(f"Too many channels: {file.channels}; the maximum is {MAX_CHANNELS}")


def _probed_length(source: int | CountedMp3, estimate: int, sample_rate: int) -> int:
    """Return the length in frames of a file that does not declare it, found by bisection over whole seconds."""
    last = min(estimate, round(MAX_SECONDS * sample_rate) + sample_rate) // sample_rate
    if _readable_at(source, max(0, last - 1) * sample_rate, sample_rate) == sample_rate:
        return min(estimate, (last + 1) * sample_rate)
    low, high = 0, last  # audio is readable at low (or low is the start), and not at high
    while high - low > 1:
        middle = (low + high) // 2
        if _readable_at(source, middle * sample_rate, 1):
            low = middle
        else:
            high = middle
    return low * sample_rate + _readable_at(source, low * sample_rate, sample_rate)


def _readable_at(source: int | CountedMp3, start: int, length: int) -> int:
    """Return how many frames can be read from `start`. A failed seek breaks the decoder, so each call opens its own."""
    try:
        with _sound_file(source) as file:
            file.seek(start)
            frames: NDArray[np.float32] = file.read(length, dtype="float32", always_2d=True)
            return len(frames)
    except UnreadableAudio:
        return 0


def _audible_windows(file: soundfile.SoundFile, places: list[tuple[int, int]]) -> list[Window]:
    """Decode windows; return those that are not silent."""
    channels = 1 if file.channels > 2 else file.channels  # noqa: PLR2004  surround is folded to mono
    # One buffer for all windows, because fresh memory costs a page fault every 4 kB.
    frames = np.empty((places[0][1], channels), dtype=np.float32)
    audible = []
    for start, _ in places:
        _read(file, start, frames)
        window = audible_window(frames, file.samplerate, SAMPLE_RATE)
        if window is not None:
            audible.append(window)
    return audible


def _read(file: soundfile.SoundFile, start: int, frames: NDArray[np.float32]) -> None:
    """Fill `frames`, `(n_frames, n_channels)`, from position `start`; one channel gets the mean of all channels."""
    preroll = min(start, PREROLL_FRAMES) if file.format == "OGG" else 0
    done = 0
    try:
        file.seek(start - preroll)
        file.read(preroll, dtype="float32")
        while done < len(frames):  # in blocks of a second: all of eight channels at 384 kHz takes 120 MB
            count = _read_block(file, frames[done : done + file.samplerate])
            if count == 0 and len(frames) - done > END_TOLERANCE * file.samplerate:
                raise UnreadableAudio(_early_end(file, start + done))
            if count == 0:
                frames[done:] = 0
                break
            done += count
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_early_end(file, start + done)) from error


def _read_block(file: soundfile.SoundFile, out: NDArray[np.float32]) -> int:
    """Fill a block as far as the file reaches, and return the number of frames read."""
    if out.shape[1] == file.channels:
        return len(file.read(out=out))
    block: NDArray[np.float32] = file.read(len(out), dtype="float32", always_2d=True)
    out[: len(block)] = block.mean(axis=1, keepdims=True)
    return len(block)


def _early_end(file: soundfile.SoundFile, frame: int) -> str:
    return (
        f"The file ends early or is damaged: it declares {file.frames / file.samplerate:.1f} s, "
        f"but ends at {frame / file.samplerate:.1f} s"
    )
