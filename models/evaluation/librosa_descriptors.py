"""Tempo and key by librosa, from the spectra that an analysis computes in any case.

librosa has no function for time signatures or keys, so its chromagram is compared with the same key profiles as ours.
"""

from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE, read_windows
from models.descriptors.describe import Descriptors, describe, power_spectrum
from models.descriptors.rhythm import EDGE_FRAMES, HOP_LENGTH, LOCAL_FRAMES
from models.descriptors.tonality import Tonality, match_key
from models.encoder import VibeEncoder
from models.evaluation.known_pieces import TempoAndKey

_DECIBELS = 10.0  # in a bel


def librosa_tempo(log_mel: NDArray[np.float32]) -> float:
    """Measure the tempo with librosa's onset strength and tempogram, averaged over all windows of a track.

    Args:
        log_mel: (n_windows, n_frames, n_mels) in bels, 62.5 frames per second.

    Returns:
        Beats per minute, below 320, with librosa's prior, which is better with its tempogram than ours.
    """
    decibels = _DECIBELS * log_mel[:, EDGE_FRAMES:-EDGE_FRAMES].transpose(0, 2, 1)
    envelope = librosa.onset.onset_strength(S=decibels, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)
    tempogram = librosa.feature.tempogram(
        onset_envelope=envelope, sr=SAMPLE_RATE, hop_length=HOP_LENGTH, win_length=LOCAL_FRAMES
    )  # (n_windows, LOCAL_FRAMES, n_frames)
    together = tempogram.mean(axis=(0, 2))[:, np.newaxis]  # all windows have equally many frames
    return float(librosa.feature.tempo(tg=together, sr=SAMPLE_RATE, hop_length=HOP_LENGTH)[0])


def librosa_tonality(power: NDArray[np.float32]) -> Tonality:
    """Measure key and mode from librosa's chromagram, with its tuning estimate.

    Args:
        power: (n_seconds, n_bins) power spectrum of each second of a track, one bin per hertz.

    Returns:
        The result of `models.descriptors.tonality.match_key`.
    """
    chroma = librosa.feature.chroma_stft(S=power.T, sr=SAMPLE_RATE)  # (12, n_seconds), each second's greatest is 1
    return match_key(chroma.sum(axis=1, dtype=np.float64))


def describe_both(path: Path, encoder: VibeEncoder, at_most: int | None = None) -> tuple[Descriptors, TempoAndKey]:
    """Describe the same windows of a track with our descriptors and with librosa.

    Args:
        path: A file that `models.audio.decode` can read.
        encoder: Computes the log-mel for both.
        at_most: Maximum number of windows; see `models.audio.placement.window_frames`.

    Returns:
        Our descriptors, and librosa's tempo and key.
    """
    windows = read_windows(path, at_most)
    log_mel = encoder.log_mel(torch.from_numpy(windows.samples)).numpy()
    tonality = librosa_tonality(power_spectrum(windows.samples, windows.sample_rate))
    return describe(windows, log_mel), TempoAndKey(librosa_tempo(log_mel), tonality.key, tonality.mode)
