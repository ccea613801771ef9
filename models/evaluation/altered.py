"""Altered copies of tracks: decoded anew where the copy's windows lie, altered, and read like any other file.

The windows are cut with a second of margin, altered at the file's own rate and channels, written one behind the
other into a temporary file, and read back by `models.decode`, so that a copy is heard as a user's would be. They are
kept as 16-bit mono windows at 16 kHz with their own scale, so that no level clips or drowns.
"""

import re
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.decode import SAMPLE_RATE, Windows, read_windows, window_frames
from models.evaluation.alterations import Alteration, Stack
from models.evaluation.store import Arrays, kept, track_file
from models.training.corpus import CorpusTrack
from models.waveform import power_of_steps

_MARGIN_SECONDS = 1.0  # filters and codecs settle in it, and so does Vorbis after a seek
_FULL_SCALE = 32_767


def altered_windows(track: CorpusTrack, alteration: Alteration, cache_dir: Path) -> Windows:
    """Windows of an altered copy of a track, as `models.decode.read_windows` would give them.

    Args:
        track: Of the corpus.
        alteration: What happened to the copy.
        cache_dir: The corpus's cache; windows are kept in its directory `evaluation-altered`.

    Returns:
        Between one and six windows at 16 kHz; their `power` is that of the mono samples.

    Raises:
        AnalysisError: the file or its altered copy cannot be read, or nothing sounds in it.
    """
    directory = cache_dir / "evaluation-altered" / re.sub(r"[^0-9A-Za-z+−]+", "-", alteration.name)
    arrays = kept(track_file(directory, track), lambda: _packed(altered_copy(track.path, alteration)))
    samples = arrays["samples"].astype(np.float32) * np.float32(arrays["scale"])
    return mono_windows(samples, float(arrays["duration"]))


def mono_windows(samples: Stack, duration: float) -> Windows:
    """Windows of (n_windows, n_samples) mono samples at 16 kHz, of a track of so many seconds."""
    power = np.stack([power_of_steps(window[:, None], SAMPLE_RATE) for window in samples])
    return Windows(samples, SAMPLE_RATE, duration, power)


def altered_copy(path: Path, alteration: Alteration) -> Windows:
    """Alter a file and read the copy; errors as for `altered_windows`."""
    with soundfile.SoundFile(path) as file:
        stack = _with_margins(file, alteration)
        rate, seconds = file.samplerate, file.frames / file.samplerate
    margin = round(_MARGIN_SECONDS * rate)
    changed = alteration.change(stack, rate)[:, margin:-margin]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy.wav"
        soundfile.write(copy, np.concatenate(list(changed)), rate, "FLOAT")
        windows = read_windows(copy)
    return mono_windows(windows.samples, (seconds + alteration.lead_in) / alteration.speed)


def _with_margins(file: soundfile.SoundFile, alteration: Alteration) -> Stack:
    """Read each window of the copy, with margins, at the copy's speed: (n_windows, n_frames, n_channels)."""
    rate, lead_in = file.samplerate, round(alteration.lead_in * file.samplerate)
    margin = round(_MARGIN_SECONDS * rate)
    read = []
    for start, length in window_frames(round((file.frames + lead_in) / alteration.speed), rate):
        wanted = length + 2 * margin
        first = round((start - margin) * alteration.speed) - lead_in
        original = _read(file, first, round(wanted * alteration.speed))
        read.append(_at_speed(original, rate, alteration.speed, wanted))
    return np.stack(read)


def _read(file: soundfile.SoundFile, start: int, length: int) -> Stack:
    """Frames from anywhere, silent where the file has none."""
    before = min(max(0, -start), length)
    file.seek(min(max(0, start), file.frames))
    found: Stack = file.read(length - before, dtype="float32", always_2d=True)
    return np.pad(found, ((before, length - before - len(found)), (0, 0)))


def _at_speed(frames: Stack, rate: int, speed: float, wanted: int) -> Stack:
    if speed == 1.0:
        return frames
    played: Stack = soxr.resample(frames, rate * speed, rate)[:wanted]
    return np.pad(played, ((0, wanted - len(played)), (0, 0)))


def _packed(windows: Windows) -> Arrays:
    scale = float(np.abs(windows.samples).max()) / _FULL_SCALE
    return {
        "samples": np.round(windows.samples / scale).astype(np.int16),
        "scale": np.asarray(scale),
        "duration": np.asarray(windows.duration),
    }
