"""Tempo and key as librosa measures them on the spectra that an analysis computes anyway.

librosa finds neither time signatures nor keys: its pitch classes are compared with the same key profiles as ours.
"""

from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE, WINDOW_COUNT, read_windows
from models.descriptors.describe import Descriptors, describe, power_spectrum
from models.descriptors.rhythm import EDGE_FRAMES, HOP_LENGTH, LOCAL_FRAMES
from models.descriptors.tonality import Tonality, match_key
from models.encoder import VibeEncoder
from models.evaluation.relations import TempoAndKey

_DECIBELS = 10.0  # in a bel


def librosa_tempo(log_mel: NDArray[np.float32]) -> float:
    """Measure the tempo by librosa's onset strength and tempogram, all windows of a track together.

    Args:
        log_mel: `(n_windows, n_frames, n_mels)` in bels, 62.5 frames a second.

    Returns:
        Beats a minute, below 320; its own prior, which does better with its tempogram than ours.
    """
    decibels = _DECIBELS * log_mel[:, EDGE_FRAMES:-EDGE_FRAMES].transpose(0, 2, 1)
    envelope = librosa.onset.onset_strength(S=decibels, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)
    tempogram = librosa.feature.tempogram(
        onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP_LENGTH, win_length=LOCAL_FRAMES
    )  # (n_windows, LOCAL_FRAMES, n_frames)
    together = tempogram.mean(axis=(0, 2))[:, np.newaxis]  # all windows have equally many frames
    return float(librosa.feature.tempo(tg=together, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)[0])


def librosa_tonality(power: NDArray[np.float32]) -> Tonality:
    """Find key and mode from librosa's chromagram, tuned by its own estimate.

    Args:
        power: Power spectrum of each second of a track `(n_seconds, n_bins)`, one bin a hertz.

    Returns:
        As `models.descriptors.tonality.match_key`.
    """
    chroma = librosa.feature.chroma_stft(S=power.T, sr=SAMPLE_RATE)  # (12, n_seconds), each second's greatest is 1
    return match_key(chroma.sum(axis=1, dtype=np.float64))


def describe_both(path: Path, encoder: VibeEncoder, at_most: int = WINDOW_COUNT) -> tuple[Descriptors, TempoAndKey]:
    """Describe the same windows of a track by our measures and by librosa's.

    Args:
        path: A file that `models.audio.decode` reads.
        encoder: Whose log-mel both share.
        at_most: Windows to decode.
    """
    windows = read_windows(path, at_most)
    log_mel = encoder.log_mel(torch.from_numpy(windows.samples)).numpy()
    tonality = librosa_tonality(power_spectrum(windows.samples, windows.sample_rate))
    return describe(windows, log_mel), TempoAndKey(librosa_tempo(log_mel), tonality.key, tonality.mode)
