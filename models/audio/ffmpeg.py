"""Decode windows with ffmpeg: its command line, and what its output says.

One ffmpeg process decodes all windows of a file, each by seeking, because its start takes longer than the decoding. The
length that places the windows is measured from the packets, never believed: see `Task`.

Sources: ffmpeg(1), ffmpeg-formats(1), "Wave64 file format" of Sonic Foundry.
"""

import logging
import os
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from mmap import PROT_READ, mmap
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE, Windows, stacked
from models.audio.placement import WINDOW_SECONDS, window_count, window_frames
from models.audio.sound import (
    END_TOLERANCE,
    MAX_CHANNELS,
    MIN_SAMPLE_RATE,
    check_layout,
    check_length,
    early_end,
)
from models.audio.waveform import audible_window
from models.containers.lengths import is_cut_off
from models.errors import AnalysisError, NeedsFfmpeg, RefusedAudio, UnreadableAudio
from models.ffmpeg import MUSIC_DECODERS

logger = logging.getLogger(__name__)

# Higher rates are resampled: everything audible is left, and a DSD file has ultrasonic noise that no listener hears.
OUTPUT_RATES = (4_000, 8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
PREROLL_SECONDS = 0.2  # decoded before each window and dropped: a decoder's first frames after a seek are incomplete
# A file with a long silence is heard without it: the first pieces with music in its first hour.
PIECE_FRAMES = 32_768  # 0.7 s at 44.1 and 48 kHz
MUSIC_PIECES = 64  # two channels of it are as large as eight of a window
SHORTEST_MUSIC_BYTES = 4 * OUTPUT_RATES[0]  # a second of one channel at the lowest rate; less is a click
SEARCHED_SECONDS = 3600.0
WITHOUT_SILENCES = (  # the pieces that are left keep their times
    f"asetnsamples=n={PIECE_FRAMES}:p=0"
    ",astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level"
    ",ametadata=mode=select:key=lavfi.astats.Overall.Peak_level:value=-60:function=greater"
)
# Of the file, times its windows: ffmpeg keeps an index of the whole file for each window, over 1 kB a second of AAC.
INDEXED_SECONDS = 200_000.0
TAIL_SECONDS = 3.0  # before the declared end; if it is right, the last packets begin here
LENGTH_TOLERANCE = 0.5  # s between the declared and the measured end

# Wave64: chunks, each with a GUID and its size with this head, at multiples of 8 bytes: samples are aligned in memory.
W64_START, W64_CHUNK, W64_FORMAT = 40, struct.Struct("<16sQ"), struct.Struct("<HHI6xH")
W64_FMT, W64_DATA = (name + b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a" for name in (b"fmt ", b"data"))
W64_CHUNKS = 8
FLOAT_BITS = 32
OUTPUT_BYTES = round(12 * OUTPUT_RATES[-1] * MAX_CHANNELS * 4)
"""Size up to which ffmpeg may write the output of one window."""
MESSAGE_BYTES = 64 * 2**10
PACKET_BYTES = 1 << 16
LONGEST_LINE = 500

MESSAGE = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )?\[(error|fatal|panic)\] (.*)$", re.MULTILINE)
STARTED = re.compile(r"^(?:\[[^\]]* @ [^\]]*\] )?\[(?:info|warning|error|fatal|panic|verbose)\] ", re.MULTILINE)
DURATION = re.compile(r"^\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+), ", re.MULTILINE)
NOT_ALLOWED = "not on whitelist"  # the decoder of a stream that is not wanted
ESTIMATED = "Estimating duration from bitrate"
# What a person reads for a message of ffmpeg, in the order in which they are looked for.
CAUSES = {
    "moov atom not found": "its index is missing: the file is incomplete",
    "End of file": "it ends early",
    "Invalid data found": "its data is invalid",
    "Error while decoding": "its data is invalid",
    "Error submitting packet to decoder": "its data is invalid",
}
UNKNOWN_CAUSE = "it cannot be decoded"
PATH = re.compile(r"/proc/self/fd/\d+|/dev/fd/\d+")


@dataclass(frozen=True)
class Task:
    """What one run of ffmpeg does.

    Attributes:
        demuxer: ffmpeg's name of the container; it probes no other.
        seconds: Length of the file that places the windows. Unless it is measured, ffmpeg reads the packets of the
            last seconds too, which confirm or deny it. 0 if the length is unknown: then ffmpeg decodes nothing and
            reads all packets, to measure it.
        is_measured: Whether an earlier run measured `seconds`.
        skips_silence: Whether ffmpeg decodes the first music of the file instead of windows, without long silences.
    """

    demuxer: str
    seconds: float
    is_measured: bool = False
    skips_silence: bool = False

    output_bytes = OUTPUT_BYTES

    @property
    def places(self) -> list[tuple[float, float]]:
        """`(start, length)` of each output in seconds."""
        if self.skips_silence:
            return [(0.0, SEARCHED_SECONDS)]
        frames = round(self.seconds * SAMPLE_RATE)
        if not frames:
            return []
        count = min(window_count(self.seconds), max(1, round(INDEXED_SECONDS / self.seconds)))
        places = window_frames(frames, SAMPLE_RATE, count)
        return [(start / SAMPLE_RATE, length / SAMPLE_RATE) for start, length in places]

    @property
    def output_count(self) -> int:
        """Number of outputs, one for each window."""
        return len(self.places)

    @property
    def tail(self) -> float:
        """Start of the packets that are read to measure the end, in seconds."""
        return max(0.0, self.seconds - TAIL_SECONDS)

    def arguments(self, path: str, outputs: Sequence[int], packets: int) -> list[str]:
        """Return ffmpeg's arguments.

        Args:
            path: The open file, as `/proc/self/fd/N`.
            outputs: Descriptors that receive the windows, one each.
            packets: Descriptor that receives the list of packets, or of the pieces with music.
        """
        inputs, results = [], []
        for index, ((start, length), output) in enumerate(zip(self.places, outputs, strict=True)):
            begin = max(0.0, start - PREROLL_SECONDS)
            inputs += ["-ss", f"{begin:.6f}", "-t", f"{start - begin + length:.6f}", *self._input(path)]
            results += ["-map", f"{index}:a:0", *self._filters()]
            results += ["-c:a", "pcm_f32le", "-flush_packets", "0", "-f", "w64", f"pipe:{output}"]
        if self.skips_silence:
            results += ["-map", "0:a:0", *self._filters(), "-c:a", "pcm_u8", "-f", "framecrc", f"pipe:{packets}"]
        elif not self.is_measured:
            inputs += [*(("-ss", f"{self.tail:.6f}") if self.tail else ()), *self._input(path)]
            results += ["-map", f"{len(outputs)}:a:0", "-c", "copy", "-flush_packets", "0"]
            results += ["-f", "framecrc", f"pipe:{packets}"]
        head = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+info", "-filter_threads", "1"]
        return [*head, *inputs, *results]

    def _filters(self) -> list[str]:
        form = f"aformat=sample_fmts=flt:sample_rates={'|'.join(map(str, OUTPUT_RATES))}"
        if self.skips_silence:
            music = f"{form}:channel_layouts=mono|stereo,{WITHOUT_SILENCES}"
            return ["-af", music, "-frames:a", str(MUSIC_PIECES)]
        return ["-af", form]

    def _input(self, path: str) -> list[str]:
        allowed = ["-protocol_whitelist", "file", "-format_whitelist", self.demuxer, "-codec_whitelist", MUSIC_DECODERS]
        # Versions before 6 start a thread for each input otherwise, which takes longer than the decoding.
        in_turn = ["-thread_queue_size", "0", "-threads", "1"]
        return [*allowed, *in_turn, "-vn", "-sn", "-dn", "-f", self.demuxer, "-i", path]


@dataclass
class Packets:
    """What the list of packets says.

    Attributes:
        count: Number of packets.
        end: End of the last packet in seconds from the start of the list; 0 without packets.
        sample_rate: Hz, as the container declares it; 0 if it does not.
        starts: Start of each of the first packets in seconds, at most `MUSIC_PIECES`.
    """

    count: int = 0
    end: float = 0.0
    sample_rate: int = 0
    starts: list[float] = field(default_factory=list)

    @classmethod
    def read(cls, stream: BinaryIO) -> "Packets":
        """Read ffmpeg's format `framecrc` until its end.

        Raises:
            ValueError: It is not in this format.
        """
        found, numerator, denominator, last = cls(), 1, 1, 0
        while line := stream.readline(LONGEST_LINE):
            if line.startswith(b"#tb 0:"):
                numerator, _, denominator = (
                    int(part) if part.isdigit() else 1 for part in line[6:].strip().partition(b"/")
                )
            elif line.startswith(b"#sample_rate 0:"):
                found.sample_rate = int(line[15:])
            elif not line.startswith(b"#"):
                _, _, start, length, _ = line.split(b",", 4)
                found.count += 1
                last = max(last, int(start) + int(length))
                if denominator > 0 and found.count <= MUSIC_PIECES:
                    found.starts.append(int(start) * numerator / denominator)
        if denominator > 0:
            found.end = last * numerator / denominator
        return found


@dataclass(frozen=True)
class Output:
    """What a run of ffmpeg wrote.

    Attributes:
        windows: One open file for each window, in Wave64.
        packets: The list of packets, a pipe.
        messages: An open file with ffmpeg's messages.
    """

    windows: Sequence[int]
    packets: int
    messages: int


def read_output(task: Task, output: Output) -> Windows | float:
    """Wait for the end of a run of ffmpeg, and return the windows or the measured length.

    Args:
        task: What ffmpeg was to do.
        output: What it writes.

    Returns:
        The windows, or the measured length in seconds: if `task.seconds` is 0. A negative number means that the
        packets deny `task.seconds`, and the length must be measured; or, if it is `-MIN_SECONDS` or less, that most
        windows are silent in a file of that length, and silences must be skipped.

    Raises:
        UnreadableAudio: The file is damaged, ends early, or holds no audio that ffmpeg decodes.
        RefusedAudio: The audio is too short, too long, silent or outside the limits of `models.audio.decode`.
        NeedsFfmpeg: ffmpeg does not start.
    """
    with os.fdopen(output.packets, "rb") as stream:
        try:
            packets = Packets.read(stream)
        except ValueError:
            packets = Packets()
    messages = os.pread(output.messages, MESSAGE_BYTES, 0).decode("utf-8", "replace")
    check_started(messages)
    if task.skips_silence:
        return _music(task, output.windows[0], packets.starts, messages)
    if task.is_measured:
        return _windows(task, task.seconds, output.windows, messages)
    end = task.tail + packets.end if packets.count else 0.0
    if task.seconds and abs(end - task.seconds) > LENGTH_TOLERANCE:
        return -1.0
    if not packets.count:
        raise _error(messages)
    _check(end, packets, messages)
    return _windows(task, end, output.windows, messages) if task.seconds else end


def check_started(messages: str) -> None:
    """Check that ffmpeg started, by its messages.

    Raises:
        NeedsFfmpeg: It did not.
    """
    if not STARTED.search(messages):
        raise NeedsFfmpeg(f"ffmpeg does not start: {_printable(messages) or 'no reason given'}")


def _check(end: float, packets: Packets, messages: str) -> None:
    declared = _declared(messages)
    if is_cut_off(declared, end):
        raise UnreadableAudio(early_end(declared, end))
    check_length(end)
    if packets.sample_rate and packets.sample_rate < MIN_SAMPLE_RATE:
        raise RefusedAudio(f"The sample rate {packets.sample_rate} Hz is below {MIN_SAMPLE_RATE} Hz")


def _music(task: Task, file: int, starts: Sequence[float], messages: str) -> Windows:
    """Return windows of a file without its silences, from its pieces with music and where each starts."""
    if os.fstat(file).st_size < SHORTEST_MUSIC_BYTES and not MESSAGE.search(messages):
        raise RefusedAudio("The file is silent")
    _, sample_rate, samples = _samples(file, messages)
    missing = round(min(WINDOW_SECONDS, task.seconds) * sample_rate) - len(samples)
    if missing > 0:
        samples = np.pad(samples, ((0, missing), (0, 0)))
    audible = []
    for place, length in window_frames(len(samples), sample_rate):
        window = audible_window(samples[place : place + length], sample_rate, SAMPLE_RATE)
        piece, within = divmod(place, PIECE_FRAMES)
        if window is not None and piece < len(starts):
            start = starts[piece] + within / sample_rate
            audible.append((max(0.0, min(start, task.seconds - length / sample_rate)), window))
    return stacked(audible, task.seconds)


def _windows(task: Task, end: float, files: Iterable[int], messages: str) -> Windows | float:
    audible = []
    for (start, length), file in zip(task.places, files, strict=True):
        frames, sample_rate = _frames(file, start, length, messages)
        window = audible_window(frames, sample_rate, SAMPLE_RATE)
        if window is not None:
            audible.append((start, window))
    return -end if len(audible) < len(task.places) / 2 else stacked(audible, end)


def _frames(file: int, start: float, length: float, messages: str) -> tuple[NDArray[np.float32], int]:
    """Return the frames of one window, `(n_frames, n_channels)`, and their rate; the end may be filled with silence."""
    channels, sample_rate, samples = _samples(file, messages)
    skipped = round(min(PREROLL_SECONDS, start) * sample_rate)
    wanted = round(length * sample_rate)
    found = samples[skipped : skipped + wanted]
    if wanted - len(found) > END_TOLERANCE * sample_rate:
        raise UnreadableAudio(f"The file is damaged at {start + len(found) / sample_rate:.1f} s: {cause(messages)}")
    if channels > 2:  # noqa: PLR2004  surround is folded to mono
        found = found.mean(axis=1, dtype=np.float32, keepdims=True)
    if len(found) < wanted:
        found = np.concatenate([found, np.zeros((wanted - len(found), found.shape[1]), np.float32)])
    return found, sample_rate


def _samples(file: int, messages: str) -> tuple[int, int, NDArray[np.float32]]:
    """Return number of channels, sample rate and frames of a Wave64 file."""
    size = os.fstat(file).st_size
    if not size:
        raise _error(messages)
    content = mmap(file, size, prot=PROT_READ)
    position, channels, sample_rate = W64_START, 0, 0
    for _ in range(W64_CHUNKS):
        if len(content) < position + W64_CHUNK.size + W64_FORMAT.size:
            break
        guid, size = W64_CHUNK.unpack_from(content, position)
        body = position + W64_CHUNK.size
        if guid == W64_FMT:
            _, channels, sample_rate, bits = W64_FORMAT.unpack_from(content, body)
            check_layout(sample_rate, channels)
            if bits != FLOAT_BITS:
                break
        if guid == W64_DATA and channels:
            whole = (len(content) - body) // (4 * channels)
            return channels, sample_rate, np.frombuffer(content, "<f4", whole * channels, body).reshape(whole, channels)
        position += max(W64_CHUNK.size, size + -size % 8)
    raise UnreadableAudio("ffmpeg wrote no audio")


def _declared(messages: str) -> float:
    """Return the length that the container declares, in seconds; 0 if it declares none."""
    found = DURATION.search(messages)
    if found is None or ESTIMATED in messages:
        return 0.0
    return 3600 * int(found[1]) + 60 * int(found[2]) + float(found[3])


def _error(messages: str) -> AnalysisError:
    if "matches no streams" in messages:
        return RefusedAudio("The file holds no audio")
    return UnreadableAudio(f"The file is damaged: {cause(messages)}")


def cause(messages: str) -> str:
    """Return what is wrong with a file, by ffmpeg's error messages; the log has their own words if they are unknown."""
    errors = [match[2] for match in MESSAGE.finditer(messages) if NOT_ALLOWED not in match[2]]
    known = (sentence for text, sentence in CAUSES.items() if any(text in error for error in errors))
    found = next(known, "")
    if errors and not found:
        logger.warning("ffmpeg failed: %s", _printable(errors[0]))
    return found or UNKNOWN_CAUSE


def _printable(text: str) -> str:
    line = PATH.sub("the file", text.strip().split("\n", 1)[0][:200])
    return "".join(letter if letter.isprintable() else " " for letter in line).rstrip(".")
