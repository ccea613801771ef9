"""Decode a few frames of a video clip with ffmpeg: its command line, and what it writes.

One run of ffmpeg writes a frame a second for the network that reads pictures, and many small ones to measure cuts and
motion. Sources: ffmpeg(1), ffmpeg-filters(1); the format of the frames is that of ppm(5).
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.audio.ffmpeg import MESSAGE_BYTES, Output, cause, check_started
from models.errors import RefusedVideo, UnreadableVideo
from models.pictures.decode import Pixels

MIN_SECONDS, MAX_SECONDS = 2.0, 120.0
FRAME_SIDE = 224  # pixels: what the network reads
SMALL_SIDE = 16
SMALL_PER_SECOND = 8
OUTPUT_BYTES = 24 * 2**20  # two minutes of square frames have 18 MB

# Decoders of video; ffmpeg opens no other.
DECODERS = (
    "h264,hevc,av1,libdav1d,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,msmpeg4v1,msmpeg4v2,"
    "msmpeg4v3,h263,flv,theora,wmv1,wmv2,wmv3,vc1,mjpeg,prores,dnxhd,dvvideo,rawvideo,svq3"
)
HEADER = re.compile(rb"P6\n(\d{1,5}) (\d{1,5})\n255\n")

Smalls = NDArray[np.uint8]
"""`(n_frames, 16, 16, 3)`, sRGB, eight a second."""


@dataclass(frozen=True)
class VideoTask:
    """What a run of ffmpeg does with a clip.

    Attributes:
        demuxer: ffmpeg's name of the container; it probes no other.
    """

    demuxer: str

    output_count = 2
    output_bytes = OUTPUT_BYTES

    def arguments(self, path: str, outputs: Sequence[int], packets: int) -> list[str]:
        """Return ffmpeg's arguments.

        Args:
            path: The open file, as `/proc/self/fd/N`.
            outputs: Descriptors that receive the frames and the small ones.
            packets: Its end is the end of ffmpeg; nothing is written to it.
        """
        del packets
        width, height = (
            f"'min({FRAME_SIDE},max(2,round({FRAME_SIDE}*{a}/{b})))'" for a, b in (("iw", "ih"), ("ih", "iw"))
        )
        fit = f"scale={width}:{height}"
        small = f"scale={SMALL_SIDE}:{SMALL_SIDE}:flags=area"
        graph = f"[0:v:0]split[a][b];[a]fps=1,{fit}[frames];[b]fps={SMALL_PER_SECOND},{small}[small]"
        return [
            *("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+info"),
            *("-filter_threads", "1", "-filter_complex_threads", "1"),
            *("-protocol_whitelist", "file", "-format_whitelist", self.demuxer, "-codec_whitelist", DECODERS),
            *("-threads", "1", "-an", "-sn", "-dn", "-t", f"{MAX_SECONDS + 1:.0f}", "-f", self.demuxer, "-i", path),
            *("-filter_complex", graph),
            *("-map", "[frames]", "-c:v", "ppm", "-f", "image2pipe", f"pipe:{outputs[0]}"),
            *("-map", "[small]", "-pix_fmt", "rgb24", "-c:v", "rawvideo", "-f", "rawvideo", f"pipe:{outputs[1]}"),
        ]


@dataclass(frozen=True)
class Clip:
    """The decoded frames of a clip.

    Attributes:
        frames: One a second, uint8 `(n_frames, height, width, 3)`, sRGB.
        smalls: Eight a second.
    """

    frames: NDArray[np.uint8]
    smalls: Smalls

    @property
    def seconds(self) -> float:
        """Length of the clip in seconds, to an eighth."""
        return len(self.smalls) / SMALL_PER_SECOND


def read_output(output: Output) -> Clip:
    """Wait for the end of a run of ffmpeg, and return the frames.

    Raises:
        UnreadableVideo: The file is damaged, or holds no video that ffmpeg decodes.
        RefusedVideo: The clip is too short or too long.
        NeedsFfmpeg: ffmpeg does not start.
    """
    while os.read(output.packets, 1):
        pass
    messages = os.pread(output.messages, MESSAGE_BYTES, 0).decode("utf-8", "replace")
    check_started(messages)
    frames, smalls = output.windows
    small = np.frombuffer(os.pread(smalls, OUTPUT_BYTES, 0), np.uint8)
    count = len(small) // (SMALL_SIDE * SMALL_SIDE * 3)
    pictures = _pictures(os.pread(frames, OUTPUT_BYTES, 0))
    if not pictures or not count:
        if "matches no streams" in messages:
            raise UnreadableVideo("The file holds no video")
        raise UnreadableVideo(f"The file is damaged: {cause(messages)}")
    clip = Clip(np.stack(pictures), small[: count * SMALL_SIDE * SMALL_SIDE * 3].reshape(-1, SMALL_SIDE, SMALL_SIDE, 3))
    if clip.seconds < MIN_SECONDS:
        raise RefusedVideo(f"Too short: {clip.seconds:.1f} s; the minimum is {MIN_SECONDS:.0f} s")
    if clip.seconds > MAX_SECONDS:
        raise RefusedVideo(f"Too long: more than {MAX_SECONDS:.0f} s; send the part that the music is for")
    return clip


def _pictures(content: bytes) -> list[Pixels]:
    found: list[Pixels] = []
    position = 0
    while match := HEADER.match(content, position):
        width, height = int(match[1]), int(match[2])
        size = 3 * width * height
        if not (1 <= width <= FRAME_SIDE and 1 <= height <= FRAME_SIDE) or len(content) < match.end() + size:
            break
        picture = np.frombuffer(content, np.uint8, size, match.end()).reshape(height, width, 3)
        if found and picture.shape != found[0].shape:
            break
        found.append(picture)
        position = match.end() + size
    return found
