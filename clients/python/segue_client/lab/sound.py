"""Short clips of tracks, and what can be measured on their samples."""

from io import BytesIO

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from segue_client import NotFound, Segue

Samples = NDArray[np.float32]

CLIP_SECONDS = 6.0
MP3_KBIT = 64
MP3_LARGEST, MP3_LEAST = 320, 32
"""libsndfile's compression level leads from the one to the other bit rate, in kbit/s."""

FULL_SCALE = 0.999
"""Three samples in a row of at least this size are clipped; a single one can be the peak of the music."""


def read(client: Segue, track_id: str, seconds: float | None = None) -> tuple[Samples, int] | None:
    """Return the samples of a track as `samples` does; None also if its file is gone."""
    try:
        return samples(client.audio(track_id), seconds)
    except NotFound:
        return None


def samples(audio: bytes, seconds: float | None = None) -> tuple[Samples, int] | None:
    """Return (n, channels) samples and their rate: all, or from the middle; None if libsndfile cannot read the file."""
    try:
        with soundfile.SoundFile(BytesIO(audio)) as file:
            if seconds is not None and file.frames > (wanted := int(seconds * file.samplerate)):
                file.seek((file.frames - wanted) // 2)
                return file.read(wanted, dtype="float32", always_2d=True), file.samplerate
            return file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.LibsndfileError:
        return None


def wav(sound: Samples, rate: int) -> bytes:
    """Return samples as a WAV file."""
    target = BytesIO()
    soundfile.write(target, sound, rate, format="WAV")
    return target.getvalue()


def mp3(sound: Samples, rate: int) -> bytes:
    """Return samples as an MP3 of 64 kbit/s."""
    target = BytesIO()
    level = (MP3_LARGEST - MP3_KBIT) / (MP3_LARGEST - MP3_LEAST)
    soundfile.write(target, sound, rate, format="MP3", compression_level=level, bitrate_mode="CONSTANT")
    return target.getvalue()


def clip(client: Segue, track_id: str, seconds: float = CLIP_SECONDS) -> bytes | None:
    """Return seconds from the middle of a track as a small MP3; None if its file cannot be read here."""
    found = read(client, track_id, seconds)
    return None if found is None else mp3(found[0].mean(axis=1), found[1])


def clipping(client: Segue, ids: list[str]) -> pd.DataFrame:
    """Return the peak of tracks in dB relative to full scale, and the share of their samples that are clipped.

    It reads the whole files, so ask about some tracks only. Files that cannot be read here have no values.
    """
    rows = []
    for track_id in ids:
        found = read(client, track_id)
        rows.append((np.nan, np.nan) if found is None else _levels(found[0]))
    return pd.DataFrame(rows, index=ids, columns=["peak", "clipped"], dtype=float)


def _levels(sound: Samples) -> tuple[float, float]:
    peak = float(np.abs(sound).max(initial=0.0))
    loud = np.abs(sound) >= FULL_SCALE
    runs = loud[2:] & loud[1:-1] & loud[:-2]
    return 20 * np.log10(max(peak, 1e-6)), float(runs.mean()) if runs.size else 0.0
