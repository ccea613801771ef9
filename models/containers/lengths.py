"""Lengths as containers declare them: what is shown before an analysis, and a first guess where ffmpeg seeks.

An analysis measures the length. Sources: those of the parsers of the containers.
"""

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from models.containers import UnsupportedContainer, asf, chunks, lossless, matroska, mp4, mpeg
from models.containers.recognise import Container

WAV_PCM = {1, 3, 0xFFFE}  # formats of constant bytes per second: integers, floats, "extensible"
WAVPACK_RATES = (6000, 8000, 9600, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 192000)
WAVPACK_UNKNOWN = 0xFFFFFFFF
MUSEPACK_RATES = (44100, 48000, 37800, 32000)
MUSEPACK_FRAME = 1152  # samples
AU_SAMPLE_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
LAST_PAGES_BYTES = 128 * 1024  # at the end of an Ogg file: the largest page has half of it
OPUS_RATE = 48_000  # Hz of the positions, whatever the rate of the sound
XING_COUNT = 1  # flag
MAX_SECONDS = 1e6  # a header that declares more is wrong
ESTIMATES = {"mp3", "ogg"}  # demuxers of formats whose files need not declare a length: what is there is measured
# From here on, a size of four bytes is what programs write to a pipe, or before a recording ends.
PLACEHOLDER = 0x7F00_0000
MISSING_PART, MISSING_SECONDS = 0.1, 2.0


def declared_seconds(stream: BinaryIO, container: Container) -> float:
    """Return the length that a file declares in seconds; 0 if it declares none, or a parser would have to read it all.

    Args:
        stream: The file, seekable.
        container: Its format.
    """
    measure = BY_DEMUXER.get(container.demuxer)
    if measure is None:
        return 0.0
    try:
        seconds = measure(stream, mpeg.skip_id3v2(stream), stream.seek(0, os.SEEK_END))
    except (ArithmeticError, UnsupportedContainer, struct.error, LookupError, ValueError):  # a damaged header
        return 0.0
    return seconds if 0 < seconds < MAX_SECONDS else 0.0  # also if it is no number


def cut_off_from(stream: BinaryIO, container: Container, seconds: float) -> float:
    """Return the length that a file declares if it was cut off, as by a download; 0 if it was not.

    Args:
        stream: The file, seekable.
        container: Its format.
        seconds: Its measured length.
    """
    declared = 0.0 if container.demuxer in ESTIMATES else declared_seconds(stream, container)
    return declared if is_cut_off(declared, seconds) else 0.0


def is_cut_off(declared: float, seconds: float) -> bool:
    """Return whether so much of a declared length is missing that the file was cut off, by both lengths in seconds."""
    return declared - seconds > max(MISSING_PART * declared, MISSING_SECONDS)


def _declared_bytes(size: int, first: int, last: int, layout: chunks.Layout) -> int:
    """Return the size of the samples: of what is there, if the chunk declares none."""
    unknown = layout.size_bytes == 4 and last - first >= PLACEHOLDER
    return size - first if unknown or last <= first else last - first


def _wav(stream: BinaryIO, start: int, size: int) -> float:
    return _wave(stream, start + 12, size, chunks.RIFF)


def _wave64(stream: BinaryIO, start: int, size: int) -> float:
    return _wave(stream, start + 40, size, chunks.WAVE64)


def _wave(stream: BinaryIO, position: int, size: int, layout: chunks.Layout) -> float:
    form, rate, bytes_per_second, samples, long_data = 0, 0, 0, 0, 0
    for kind, (first, last) in chunks.chunks(stream, position, size, layout, clips=False):
        if kind.startswith(b"fmt "):
            form, rate, bytes_per_second = struct.unpack_from("<H2xII", chunks.read_start(stream, first, last, 16))
        elif kind.startswith(b"fact"):
            samples = int.from_bytes(chunks.read_start(stream, first, last, 4), "little")
        elif kind.startswith(b"ds64"):  # RF64 states the size of its data here
            long_data = int.from_bytes(chunks.read_start(stream, first, last, 16)[8:], "little")
        elif kind.startswith(b"data"):
            return (
                samples / rate
                if samples and form not in WAV_PCM
                else _declared_bytes(size, first, max(last, first + long_data), layout) / bytes_per_second
            )
    return 0.0


def _aiff(stream: BinaryIO, start: int, size: int) -> float:
    seconds = 0.0
    for kind, (first, last) in chunks.chunks(stream, start + 12, size, chunks.IFF, clips=False):
        if kind == b"COMM":
            frames, exponent, mantissa = struct.unpack_from(">2xI2xHQ", chunks.read_start(stream, first, last, 18))
            seconds = float(frames / (mantissa * 2.0 ** (exponent - 16383 - 63)))
        elif kind == b"SSND" and last - first >= PLACEHOLDER:
            return 0.0
    return seconds


def _caf(stream: BinaryIO, start: int, size: int) -> float:
    rate, frames, bytes_per_packet, frames_per_packet = 0.0, 0, 0, 0
    for kind, (first, last) in chunks.chunks(stream, start + 8, size, chunks.CORE_AUDIO, clips=False):
        if kind == b"desc":
            rate, bytes_per_packet, frames_per_packet = struct.unpack(
                ">d8xII8x", chunks.read_start(stream, first, last, 32)
            )
        elif kind == b"data" and bytes_per_packet:
            frames = (_declared_bytes(size, first, last, chunks.CORE_AUDIO) - 4) // bytes_per_packet * frames_per_packet
        elif kind == b"pakt":
            (frames,) = struct.unpack_from(">Q", chunks.read_start(stream, first, last, 16), 8)
    return frames / rate


def _au(stream: BinaryIO, start: int, size: int) -> float:
    offset, length, encoding, rate, channels = struct.unpack(">5I", chunks.read_start(stream, start + 4, size, 20))
    length = length if 0 < length < PLACEHOLDER else size - start - offset
    return float(length / (AU_SAMPLE_BYTES.get(encoding, 0) * channels * rate))


def _dsf(stream: BinaryIO, start: int, size: int) -> float:
    for kind, (first, last) in chunks.chunks(stream, start, size, chunks.DSF):
        if kind == b"fmt ":
            rate, samples = struct.unpack_from("<16xI4xQ", chunks.read_start(stream, first, last, 32))
            return float(samples / rate)
    return 0.0


def _dsdiff(stream: BinaryIO, start: int, size: int) -> float:
    rate = channels = 0
    for kind, (first, last) in chunks.chunks(stream, start + 16, size, chunks.DFF, clips=False):
        if kind == b"PROP":
            for part, (begin, end) in chunks.chunks(stream, first + 4, min(last, size), chunks.DFF):
                if part == b"FS  ":
                    (rate,) = struct.unpack(">I", chunks.read_start(stream, begin, end, 4))
                elif part == b"CHNL":
                    (channels,) = struct.unpack(">H", chunks.read_start(stream, begin, end, 2))
        elif kind == b"DSD ":
            return _declared_bytes(size, first, last, chunks.DFF) * 8 / channels / rate
    return 0.0


def _wavpack(stream: BinaryIO, start: int, size: int) -> float:
    samples, flags = struct.unpack_from(
        "<12xI8xI", chunks.read_start(stream, start, size, lossless.WAVPACK_HEADER_BYTES)
    )
    return 0.0 if samples == WAVPACK_UNKNOWN else float(samples / WAVPACK_RATES[flags >> 23 & 15])


def _ape(stream: BinaryIO, start: int, size: int) -> float:
    version, descriptor = struct.unpack("<H2xI", chunks.read_start(stream, start + 4, size, 8))
    if version < lossless.APE_DESCRIPTOR_VERSION:
        return 0.0
    header = chunks.read_start(stream, start + descriptor, size, lossless.APE_HEADER_BYTES)
    per_frame, last_frame, frames, rate = struct.unpack("<4xIII4xI", header)
    return float(((frames - 1) * per_frame + last_frame) / rate)


def _tta(stream: BinaryIO, start: int, size: int) -> float:
    rate, samples = struct.unpack_from("<10xII", chunks.read_start(stream, start, size, lossless.TTA_HEADER_BYTES))
    return float(samples / rate)


def _musepack_7(stream: BinaryIO, start: int, size: int) -> float:
    frames, flags = struct.unpack("<II", chunks.read_start(stream, start + 4, size, 8))
    return float(frames * MUSEPACK_FRAME / MUSEPACK_RATES[flags >> 16 & 3])


def _musepack_8(stream: BinaryIO, start: int, size: int) -> float:
    head = chunks.read_start(stream, start + 4, size, 40)
    if not head.startswith(b"SH"):
        return 0.0
    _, position = lossless.musepack_number(head, 2)
    samples, position = lossless.musepack_number(head, position + 5)  # after a checksum and the version
    _, position = lossless.musepack_number(head, position)  # of silence at the start
    return samples / MUSEPACK_RATES[head[position] >> 5 & 3]


def _flac(stream: BinaryIO, start: int, size: int) -> float:
    packed = int.from_bytes(chunks.read_start(stream, start + 18, size, 8), "big")  # rate, channels, bits, samples
    return (packed & (1 << 36) - 1) / (packed >> 44)


def _ogg(stream: BinaryIO, start: int, size: int) -> float:
    first = chunks.read_start(stream, start, size, 128)
    end = chunks.read_start(stream, max(start, size - LAST_PAGES_BYTES), size, LAST_PAGES_BYTES)
    (position,) = struct.unpack_from("<q", end, end.rindex(b"OggS") + 6)
    packet = first[27 + first[26] :]
    if packet.startswith(b"\x01vorbis"):
        return float(position / struct.unpack_from("<I", packet, 12)[0])
    if packet.startswith(b"OpusHead"):
        return float((position - struct.unpack_from("<H", packet, 10)[0]) / OPUS_RATE)
    if packet.startswith(b"\x7fFLAC"):
        return float(position / (int.from_bytes(packet[27:30], "big") >> 4))
    if packet.startswith(b"Speex   "):
        return float(position / struct.unpack_from("<I", packet, 36)[0])
    return 0.0


def _mp3(stream: BinaryIO, start: int, size: int) -> float:
    """Return the length by the count in a Xing header, else by the size of the first frame."""
    place = mpeg.find_frame(stream, start)
    frame = chunks.read_start(stream, place or 0, size, mpeg.TABLE_MARK_BYTES)
    header = mpeg.frame_header(frame)
    if place is None or header is None:
        return 0.0
    rate = mpeg.SAMPLE_RATES[header.kind[0]][header.kind[1]]
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark)
        if at >= 0 and frame[at + 7] & XING_COUNT:
            return float(int.from_bytes(frame[at + 8 : at + 12], "big") * header.n_samples / rate)
    return (mpeg.end_of_audio(stream, size) - place) / header.size * header.n_samples / rate


BY_DEMUXER: dict[str, Callable[[BinaryIO, int, int], float]] = {
    "aiff": _aiff,
    "ape": _ape,
    "asf": asf.seconds,
    "au": _au,
    "caf": _caf,
    "dsf": _dsf,
    "flac": _flac,
    "iff": _dsdiff,
    "matroska": matroska.seconds,
    "mov": mp4.seconds,
    "mp3": _mp3,
    "mpc": _musepack_7,
    "mpc8": _musepack_8,
    "ogg": _ogg,
    "tta": _tta,
    "w64": _wave64,
    "wav": _wav,
    "wv": _wavpack,
}
