"""Open a music file with libsndfile, as one sound of known length, whatever its headers say about it.

libsndfile recognises the format by content, not by the file name, so no playlist is followed. A file that is joined of
several has several parts, which are decoded one after another.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.audio.marked import MarkedMp3, Sequential
from models.audio.waveform import resampled
from models.containers import UnsupportedContainer, flac_frames, mpeg_frames, ogg_links
from models.containers.lengths import cut_off_from, is_cut_off
from models.containers.pieces import Pieces
from models.containers.recognise import Container, not_supported, recognise
from models.errors import RefusedAudio, UnreadableAudio

MIN_SECONDS = 5.0  # shorter audio has too few beats and bars to measure
MAX_SECONDS = 12 * 3600.0  # longer than any album; an all-day recording has no single mood
END_TOLERANCE = 0.5  # s of silence that may complete the last window: many MP3s declare a few frames too many
MAX_CHANNELS = 8  # 7.1, the widest layout in which music is sold; libsndfile allows 1024
MIN_SAMPLE_RATE = 4_000  # Hz: below telephone quality, too little timbre is left
MAX_SAMPLE_RATE = 384_000  # Hz: the highest rate at which music is sold
# Samples by subtype that are decoded after a seek and dropped. Vorbis: its longest block, because blocks overlap.
PREROLL = {"VORBIS": 8192, "MPEG_LAYER_III": mpeg_frames.PREROLL_SAMPLES}

# libsndfile's other decoders (ADPCM, GSM, VOX …) had most of its memory errors; ffmpeg decodes what music libraries
# have of them. None allows every subtype of a container.
PCM = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"})
ALLOWED_SUBTYPES: dict[str, frozenset[str] | None] = {
    "WAV": PCM,
    "WAVEX": PCM,
    "RF64": PCM,
    "W64": PCM,
    "AIFF": PCM,
    "CAF": PCM,
    "AU": PCM,
    "FLAC": None,
    "OGG": frozenset({"VORBIS", "OPUS"}),
    "MP3": None,
}

UNDECLARED_FRAMES = 2**62  # libsndfile reports 2**63 - 1 frames for a FLAC whose header declares no length
STANDARD_ERROR = 2
SF_ERR_UNRECOGNISED_FORMAT = 1  # libsndfile's error code


class Sound:
    """The parts of a music file as one sound, of the first part's sample rate and with one or two channels.

    Attributes:
        sample_rate: Hz.
        channels: 1 or 2; surround is folded to one channel.
        n_frames: Length in frames of `sample_rate`.
    """

    def __init__(self, parts: list[soundfile.SoundFile], marked: MarkedMp3 | None = None) -> None:
        self._parts = parts
        self._marked = marked
        self.sample_rate: int = parts[0].samplerate
        self.channels = 1 if parts[0].channels > 2 else parts[0].channels  # noqa: PLR2004
        lengths = [round(part.frames * self.sample_rate / part.samplerate) for part in parts]
        self._starts = np.cumsum([0, *lengths]).tolist()
        self.n_frames: int = self._starts[-1]

    def read(self, start: int, frames: NDArray[np.float32]) -> None:
        """Decode frames into an array.

        Args:
            start: First frame.
            frames: `(n_frames, channels)`, filled from `start`; the sound reaches at least that far.

        Raises:
            UnreadableAudio: The file ends early or is damaged there.
        """
        if self._marked is not None and self._marked.read(start, frames):
            return
        stop = start + len(frames)
        for part, first, end in zip(self._parts, self._starts, self._starts[1:], strict=False):
            if first < stop and start < end:
                out = frames[max(0, first - start) : min(stop, end) - start]
                self._read_part(part, max(0, start - first), out)

    def _read_part(self, part: soundfile.SoundFile, start: int, out: NDArray[np.float32]) -> None:
        rate = part.samplerate
        if rate == self.sample_rate:
            _read(part, start, out)
            return
        frames = np.empty((round(len(out) * rate / self.sample_rate), self.channels), np.float32)
        _read(part, round(start * rate / self.sample_rate), frames)
        out[:] = 0
        for channel in range(self.channels):
            samples = resampled(np.ascontiguousarray(frames[:, channel]), rate, self.sample_rate)[: len(out)]
            out[: len(samples), channel] = samples


@contextmanager
def open_sound(descriptor: int) -> Iterator[Sound]:
    """Open a music file in a format that `Container.native` marks.

    Args:
        descriptor: A regular file, open for reading; its offset changes.

    Yields:
        The sound; its length is measured where the file does not declare it, or not rightly.

    Raises:
        UnreadableAudio: The file is not audio in these formats, is damaged or ends early.
        RefusedAudio: The sample rate or number of channels is outside the limits above.
    """
    with ExitStack() as files, os.fdopen(descriptor, "rb", closefd=False) as stream:
        container = _native_container(stream)
        sources, marks = _sources(stream, container)
        parts = [files.enter_context(_sound_file(source, container.name)) for source in sources]
        heard = [part for part in parts if part.frames > 0]
        if not heard:
            raise UnreadableAudio("The file has a header but no samples")
        marked = MarkedMp3(heard[0], descriptor, marks) if marks else None
        sound = Sound(heard, marked)
        check_end(stream, container, sound.n_frames / sound.sample_rate)
        yield sound


@contextmanager
def without_messages() -> Iterator[None]:
    """Discard what this process writes to standard error: libmpg123 prints a line about each damaged frame."""
    kept = os.dup(STANDARD_ERROR)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), STANDARD_ERROR)
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)


def check_length(seconds: float) -> None:
    """Check that a file is neither too short nor too long to be analysed.

    Args:
        seconds: Its length.

    Raises:
        RefusedAudio: It is outside `MIN_SECONDS` to `MAX_SECONDS`.
    """
    if seconds < MIN_SECONDS:
        raise RefusedAudio(f"Too short: {seconds:.1f} s; the minimum is {MIN_SECONDS:.0f} s")
    if seconds > MAX_SECONDS:
        raise RefusedAudio(f"Too long: {seconds / 3600:.1f} h; the maximum is {MAX_SECONDS / 3600:.0f} h")


def check_end(stream: BinaryIO, container: Container, seconds: float) -> None:
    """Check that not too much is missing of the length that a file declares.

    Args:
        stream: The file, seekable.
        container: Its format.
        seconds: Its measured length.

    Raises:
        UnreadableAudio: It was cut off.
    """
    if declared := cut_off_from(stream, container, seconds):
        raise UnreadableAudio(early_end(declared, seconds))


def check_layout(sample_rate: float, channels: int) -> None:
    """Check the sample rate and the number of channels of a file.

    Args:
        sample_rate: Hz.
        channels: Number of channels.

    Raises:
        RefusedAudio: One of them is outside the limits above.
    """
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise RefusedAudio(f"The sample rate {sample_rate} Hz is outside {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz")
    if channels > MAX_CHANNELS:
        raise RefusedAudio(f"Too many channels: {channels}; the maximum is {MAX_CHANNELS}")


def _native_container(stream: BinaryIO) -> Container:
    try:
        container = recognise(stream)
    except UnsupportedContainer as error:
        raise UnreadableAudio(str(error)) from error
    if not container.native:
        raise UnreadableAudio(not_supported(container.name))
    return container


def _sources(stream: BinaryIO, container: Container) -> tuple[Sequence[int | Pieces], mpeg_frames.Marks | None]:
    """Return what libsndfile decodes, in order: the file itself, or parts of it; and the marks of an MP3."""
    name, whole = container.name, stream.fileno()
    size = os.fstat(whole).st_size
    if name == "MP3":
        parts = _mp3_parts(stream, size)
        return [part.source or whole for part in parts], parts[0].marks if parts else None
    if name == "FLAC":
        return [flac_frames.with_length(stream, size) or whole], None
    if name == "Ogg":
        return [link or whole for link in ogg_links.links(stream, size)], None
    return [whole], None


def _mp3_parts(stream: BinaryIO, size: int) -> list[mpeg_frames.Mp3Part]:
    parts = mpeg_frames.parts(stream, size, MAX_SECONDS)
    if parts and is_cut_off(parts[-1].declared, parts[-1].seconds):
        raise UnreadableAudio(early_end(parts[-1].declared, parts[-1].seconds))
    return parts


@contextmanager
def _sound_file(source: int | Pieces, name: str) -> Iterator[soundfile.SoundFile]:
    """Open a file with libsndfile; without a file name it recognises the format by content alone."""
    if isinstance(source, int):  # libsndfile takes the current offset as the start of the file
        os.lseek(source, 0, os.SEEK_SET)
    try:
        with Sequential(source, closefd=False) as file:
            _check_format(file)
            yield file
    except soundfile.LibsndfileError as error:
        if error.code == SF_ERR_UNRECOGNISED_FORMAT:
            raise UnreadableAudio(f"The {name} file is damaged") from error
        reason = error.error_string.removeprefix("Error : ").rstrip(".")
        raise UnreadableAudio(f"The file is damaged: {reason}") from error


def _check_format(file: soundfile.SoundFile) -> None:
    if file.format not in ALLOWED_SUBTYPES:
        raise UnreadableAudio(not_supported(file.format))
    subtypes = ALLOWED_SUBTYPES[file.format]
    if subtypes is not None and file.subtype not in subtypes:
        raise UnreadableAudio(not_supported(f"{file.format} with {file.subtype}"))
    check_layout(file.samplerate, file.channels)
    if file.frames >= UNDECLARED_FRAMES:
        raise UnreadableAudio("The file is damaged: it declares no length, and its end is not readable")


def _read(file: soundfile.SoundFile, start: int, frames: NDArray[np.float32]) -> None:
    """Fill `frames`, `(n_frames, n_channels)`, from position `start`; channels are mixed if the file has others."""
    preroll = min(start, PREROLL.get(file.subtype, 0))
    done = 0
    try:
        file.seek(start - preroll)
        file.read(preroll, dtype="float32")
        while done < len(frames):  # in blocks of a second: all of eight channels at 384 kHz takes 120 MB
            count = _read_block(file, frames[done : done + file.samplerate])
            if count == 0 and len(frames) - done > END_TOLERANCE * file.samplerate:
                raise UnreadableAudio(_early_end_of(file, start + done))
            if count == 0:
                frames[done:] = 0
                break
            done += count
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(_early_end_of(file, start + done)) from error


def _read_block(file: soundfile.SoundFile, out: NDArray[np.float32]) -> int:
    """Fill a block as far as the file reaches, and return the number of frames read."""
    if out.shape[1] == file.channels:
        return len(file.read(out=out))
    block: NDArray[np.float32] = file.read(len(out), dtype="float32", always_2d=True)
    out[: len(block)] = block.mean(axis=1, keepdims=True)
    return len(block)


def _early_end_of(file: soundfile.SoundFile, frame: int) -> str:
    return early_end(file.frames / file.samplerate, frame / file.samplerate)


def early_end(declared: float, end: float) -> str:
    """Return the reason for a file that was cut off, from its declared length and its end in seconds."""
    return f"The file ends early or is damaged: it declares {declared:.1f} s, but ends at {end:.1f} s"
