"""Decode a part of an MP3 from a known frame before it.

To seek, libmpg123 reads the header of each frame from where it is, with two system calls a frame: a fifth of the time
that six windows of four minutes take. `models.containers.mpeg_frames` has read the headers already.
"""

import os
from contextlib import suppress

import numpy as np
import soundfile
from numpy.typing import NDArray

from models.containers.mpeg_frames import PREROLL_SAMPLES, Marks


class Sequential(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file whose reads go on where the last one ended.

    soundfile seeks after each read of a file that is seekable. libmpg123 then loses the bit reservoir (the bits of a
    frame that earlier frames hold), and is silent or wrong for up to a tenth of a second.
    """

    def seekable(self) -> bool:
        """Return False; `seek` works nevertheless."""
        return False


class MarkedMp3:
    """An MP3 that is decoded from the mark before each part.

    Args:
        whole: The file, as libsndfile decodes it from its start.
        descriptor: The same file; its offset does not change.
        marks: Where frames begin.
    """

    def __init__(self, whole: soundfile.SoundFile, descriptor: int, marks: Marks) -> None:
        self._layout = whole.format, whole.samplerate, whole.channels
        self._descriptor = descriptor
        self._marks = marks

    def read(self, start: int, frames: NDArray[np.float32]) -> bool:
        """Decode frames into an array, exactly as the whole file decodes to.

        Args:
            start: First frame.
            frames: `(n_frames, n_channels)`, filled from `start`.

        Returns:
            Whether all were decoded; if not, the array holds nothing of use.
        """
        place, sample = self._marks.before(start)
        offset = os.lseek(self._descriptor, 0, os.SEEK_CUR)  # where the decoder of the whole file reads on
        os.lseek(self._descriptor, place, os.SEEK_SET)  # libsndfile takes the current offset as the start of the file
        try:
            with suppress(soundfile.LibsndfileError), Sequential(self._descriptor, closefd=False) as file:
                if (file.format, file.samplerate, file.channels) == self._layout:
                    return self._filled(file, start - sample, frames)
            return False
        finally:
            os.lseek(self._descriptor, offset, os.SEEK_SET)

    @staticmethod
    def _filled(file: soundfile.SoundFile, start: int, frames: NDArray[np.float32]) -> bool:
        """Read blocks of a second; the length that libsndfile estimates from one frame may end before the last."""
        if start < 0 or start + len(frames) > file.frames:
            return False
        preroll = min(start, PREROLL_SAMPLES)
        file.seek(start - preroll)
        if len(file.read(preroll, dtype="float32", always_2d=True)) < preroll:
            return False
        blocks = range(0, len(frames), file.samplerate)
        return all(
            len(file.read(out=frames[at : at + file.samplerate])) == min(file.samplerate, len(frames) - at)
            for at in blocks
        )
