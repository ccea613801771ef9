"""A music file becomes a few short windows of samples, bounded in time and in memory.

Only windows are decoded, never a whole track: six windows of ten seconds cost a quarter of a full decode, and
six hours of silence are a 4 MB file that would fill 8 GB. The format is decided by content, never by name,
and only by libsndfile: nothing here follows a playlist or hands the file to another program.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.audio.waveform import check_samples, mono, power_of_steps, resampled
from models.containers import UnsupportedContainer, mpeg
from models.containers.mpeg import CountedMp3
from models.containers.recognise import not_supported, recognise
from models.errors import RefusedAudio, UnreadableAudio

SAMPLE_RATE = 16_000  # Hz: what the encoder was trained on
WINDOW_COUNT = 6
WINDOW_SECONDS = 10.0

PREROLL_FRAMES = 8192  # Vorbis's longest block: after a seek in an open file, the first one overlaps stale samples

MIN_SECONDS = 5.0  # below this there is no bar to count and no phrase to hear
MAX_SECONDS = 12 * 3600.0  # longer than any album: an all-day recording has no one mood
END_TOLERANCE = 0.5  # s of silence that complete a last window: many MP3s declare a few frames that are not there
MAX_CHANNELS = 8  # 7.1 is the widest layout music is sold in; libsndfile would take 1024
MIN_SAMPLE_RATE = 4_000  # Hz: below telephone quality there is no timbre left to hear
MAX_SAMPLE_RATE = 384_000  # Hz: the fastest rate music is sold in
EDGE_SAMPLES = 1600  # 0.1 s: where a resampled window rings at its edges, a constant offset would sound
SILENCE_RMS = 10 ** (-70 / 20)  # -70 dBFS: where the gate of ITU-R BS.1770 hears nothing

SF_ERR_UNRECOGNISED_FORMAT = 1  # libsndfile's error code
UNDECLARED_FRAMES = 2**62  # libsndfile reports 2**63 - 1 frames for a FLAC whose header declares no length

# What may be decoded: libsndfile's other decoders (ADPCM, GSM, VOX …) are where its memory errors were found,
# and no music library uses them. None allows every subtype of a container.
ALLOWED_SUBTYPES: dict[str, frozenset[str] | None] = {
    "WAV": frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}),
    "WAVEX": frozenset({"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"}),
    "FLAC": None,
    "OGG": frozenset({"VORBIS", "OPUS"}),
    "MP3": None,
}


@dataclass(frozen=True)
class Windows:
    """What was decoded of one track.

    Attributes:
        samples: Mono, float32 `(n_windows, n_samples)`, full scale ±1, at `sample_rate`.
        sample_rate: Always 16 000 Hz.
        duration: Length of the whole track in seconds.
        power: Mean square of each 100 ms at the file's own rate, summed over one or two channels, float32
            `(n_windows, n_steps)`: loudness needs every channel, and what lies above 8 kHz.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    duration: float
    power: NDArray[np.float32]


def window_frames(n_frames: int, sample_rate: int, at_most: int = WINDOW_COUNT) -> list[tuple[int, int]]:
    """Say where the windows of a track lie: spread evenly, centred in equal parts, never overlapping.

    A track too short for that many windows has as many as fit; one shorter than a window is one window itself.

    Args:
        n_frames: Length of the track in frames, > 0.
        sample_rate: Frames a second, > 0.
        at_most: Windows, > 0.

    Returns:
        `(start, length)` in frames for each window, in order; all lengths are equal.
    """
    length = min(n_frames, round(WINDOW_SECONDS * sample_rate))
    count = min(at_most, n_frames // length)
    return [((2 * index + 1) * n_frames // (2 * count) - length // 2, length) for index in range(count)]


def read_windows(path: Path, at_most: int = WINDOW_COUNT) -> Windows:
    """Decode a few windows of a file of one's own, in this process: training and evaluation do.

    A stranger's file goes through `models.sandbox.decoder.read_windows`.

    Args:
        path: A regular file.
        at_most: Windows to read, > 0; training hears more of a track than serving does.

    Returns:
        Between one and `at_most` windows.

    Raises:
        UnreadableAudio, RefusedAudio: See `decode_windows`; or the file cannot be opened.
    """
    with regular_file(path) as descriptor:
        return decode_windows(descriptor, at_most)


def decode_windows(descriptor: int, at_most: int = WINDOW_COUNT) -> Windows:
    """Decode a few windows of a music file: WAV, FLAC, Ogg Vorbis, Opus or MP3.

    Windows in which nothing sounds are left out, so that a hidden track behind ten minutes of silence is
    described by its music.

    Args:
        descriptor: A regular file, open for reading; its offset is moved.
        at_most: Windows to read, > 0; training hears more of a track than serving does.

    Returns:
        Between one and `at_most` windows.

    Raises:
        UnreadableAudio: The file is not audio in these formats, is damaged or ends early.
        RefusedAudio: The audio is shorter than 5 s, longer than 12 h, silent or outside the limits above.
    """
    try:
        source, n_frames = _measured(descriptor)
        with _sound_file(source) as file:
            heard = _heard(file, window_frames(n_frames, file.samplerate, at_most))
            return Windows(
                samples=np.stack([samples for samples, _ in heard]),
                sample_rate=SAMPLE_RATE,
                duration=n_frames / file.samplerate,
                power=np.stack([power for _, power in heard]),
            )
    except OSError as error:
        raise UnreadableAudio(f"The file could not be read: {error.strerror}") from error


@contextmanager
def regular_file(path: Path) -> Iterator[int]:
    """Open a file for reading; a pipe or a device is refused without waiting for it.

    Raises:
        UnreadableAudio: The file cannot be opened, is no regular file or is empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableAudio(_refusal_to_open(error)) from error
    try:
        check_regular(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def check_regular(descriptor: int) -> None:
    """Refuse what is no file with something in it.

    Raises:
        UnreadableAudio: A folder, a pipe, a socket, a device or an empty file.
    """
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableAudio("A folder, not an audio file")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableAudio("A pipe, socket or device, not an audio file")
    if status.st_size == 0:
        raise UnreadableAudio("The file is empty (0 bytes)")


def _refusal_to_open(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "No permission to read the file"
    if isinstance(error, FileNotFoundError):
        return "The file does not exist"
    if error.errno == errno.ENXIO:
        return "A pipe, socket or device, not an audio file"
    return f"The file could not be opened: {error.strerror}"


@contextmanager
def _sound_file(source: int | CountedMp3) -> Iterator[soundfile.SoundFile]:
    """Open a descriptor with libsndfile, which then sees no name and so can't guess by it."""
    if isinstance(source, int):  # libsndfile takes the current offset for the start of the file
        os.lseek(source, 0, os.SEEK_SET)
    else:
        source.seek(0)
    try:
        with soundfile.SoundFile(source, closefd=False) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_damage(error, source)) from error


def _damage(error: soundfile.LibsndfileError, source: int | CountedMp3) -> str:
    if error.code == SF_ERR_UNRECOGNISED_FORMAT and isinstance(source, int):
        try:
            name = recognise(_stream(source)).name
        except UnsupportedContainer as unsupported:
            return str(unsupported)
        return f"The {name} file is damaged"
    return f"The file is damaged: {error.error_string.removeprefix('Error : ').rstrip('.')}"


def _stream(descriptor: int) -> BinaryIO:
    """Wrap a descriptor for the container parsers, which move its offset; it stays open."""
    return os.fdopen(descriptor, "rb", closefd=False)


def _measured(descriptor: int) -> tuple[int | CountedMp3, int]:
    """Check format and limits, and return what to decode and its length in frames."""
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
        raise UnreadableAudio("No audio: the file holds a header and no samples")
    if seconds < MIN_SECONDS:
        raise RefusedAudio(f"Too short: {seconds:.1f} s, and at least {MIN_SECONDS:.0f} s are needed")
    if seconds > MAX_SECONDS:
        raise RefusedAudio(f"Too long: {seconds / 3600:.1f} h, and at most {MAX_SECONDS / 3600:.0f} h are analysed")
    return source, n_frames


def _check_format(file: soundfile.SoundFile) -> None:
    if file.format not in ALLOWED_SUBTYPES:
        raise UnreadableAudio(not_supported(file.format))
    subtypes = ALLOWED_SUBTYPES[file.format]
    if subtypes is not None and file.subtype not in subtypes:
        raise UnreadableAudio(not_supported(f"{file.format} with {file.subtype}"))
    if not MIN_SAMPLE_RATE <= file.samplerate <= MAX_SAMPLE_RATE:
        raise RefusedAudio(f"Sample rate {file.samplerate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")
    if file.channels > MAX_CHANNELS:
        raise RefusedAudio(f"{file.channels} channels, and at most {MAX_CHANNELS} are analysed")


def _probed_length(source: int | CountedMp3, estimate: int, sample_rate: int) -> int:
    """Find where the sound ends in a file that does not declare it, by bisection over whole seconds."""
    last = min(estimate, round(MAX_SECONDS * sample_rate) + sample_rate) // sample_rate
    if _readable_at(source, max(0, last - 1) * sample_rate, sample_rate) == sample_rate:
        return min(estimate, (last + 1) * sample_rate)
    low, high = 0, last  # low holds sound (or is the start), high does not
    while high - low > 1:
        middle = (low + high) // 2
        if _readable_at(source, middle * sample_rate, 1):
            low = middle
        else:
            high = middle
    return low * sample_rate + _readable_at(source, low * sample_rate, sample_rate)


def _readable_at(source: int | CountedMp3, start: int, length: int) -> int:
    """Count the frames that can be read at a place; opened anew, since a failed seek breaks the decoder."""
    try:
        with _sound_file(source) as file:
            file.seek(start)
            frames: NDArray[np.float32] = file.read(length, dtype="float32", always_2d=True)
            return len(frames)
    except UnreadableAudio:
        return 0


def _heard(
    file: soundfile.SoundFile, places: list[tuple[int, int]]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Decode windows; keep the samples and the power of those in which something sounds."""
    channels = 1 if file.channels > 2 else file.channels  # noqa: PLR2004  surround is folded to mono
    # One buffer for all windows: fresh memory costs a page fault every 4 kB.
    frames = np.empty((places[0][1], channels), dtype=np.float32)
    heard = []
    for start, _ in places:
        _read(file, start, frames)
        check_samples(frames)
        power = power_of_steps(frames, file.samplerate)
        samples = resampled(mono(frames, power), file.samplerate, SAMPLE_RATE)
        inner = samples[EDGE_SAMPLES:-EDGE_SAMPLES]
        if inner.var() > SILENCE_RMS**2 or frames.var(axis=0, dtype=np.float64).max() > SILENCE_RMS**2:
            heard.append((samples, power))
    if not heard:
        raise RefusedAudio("The file is silent")
    return heard


def _read(file: soundfile.SoundFile, start: int, frames: NDArray[np.float32]) -> None:
    """Fill `(n_frames, n_channels)` with what begins at a place; one channel is the mean of the file's."""
    preroll = min(start, PREROLL_FRAMES) if file.format == "OGG" else 0
    done = 0
    try:
        file.seek(start - preroll)
        file.read(preroll, dtype="float32")
        while done < len(frames):  # second by second: eight channels at 384 kHz would hold 120 MB at once
            wanted = frames[done : done + file.samplerate]
            got = _read_block(file, wanted)
            if got == 0 and len(frames) - done > END_TOLERANCE * file.samplerate:
                raise UnreadableAudio(_early_end(file, start + done))
            if got == 0:
                frames[done:] = 0
                break
            done += got
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_early_end(file, start + done)) from error


def _read_block(file: soundfile.SoundFile, wanted: NDArray[np.float32]) -> int:
    """Fill a block as far as the file goes, and return how many frames came."""
    if wanted.shape[1] == file.channels:
        return len(file.read(out=wanted))
    block: NDArray[np.float32] = file.read(len(wanted), dtype="float32", always_2d=True)
    wanted[: len(block)] = block.mean(axis=1, keepdims=True)
    return len(block)


def _early_end(file: soundfile.SoundFile, frame: int) -> str:
    return (
        f"The file ends early or is damaged: it declares {file.frames / file.samplerate:.1f} s, "
        f"and nothing can be read at {frame / file.samplerate:.1f} s"
    )
