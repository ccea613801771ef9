"""Key and mode from a spectrogram: which of 24 key profiles the sounding pitch classes resemble most."""

from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray

# How well each pitch class fits a key, from its tonic up: D. Temperley, "What's key for key?", Music Perception
# 17(1), 1999, a revision of the probe-tone ratings of Krumhansl and Kessler (1982).
MAJOR = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
MINOR = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])

TUNING_STRIDE = 8  # frames: tuning does not change within a track, and estimating it costs most of all
MIN_CONTRAST = 0.08  # standard deviation over mean of the pitch classes; noise and drums have 0.04 to 0.05
MAX_CORRELATION_GAP = 0.5  # a lead over the next key that no music exceeds by much: full confidence


@dataclass(frozen=True)
class Tonality:
    """What `models.descriptors.Descriptors` says of tonality, in the same units."""

    key: int
    key_confidence: float
    mode: int
    mode_confidence: float


def measure_tonality(power: NDArray[np.float32], sample_rate: int) -> Tonality:
    """Find key and mode.

    Args:
        power: Power spectrogram `(n_windows, n_fft / 2 + 1, n_frames)`.
        sample_rate: Hz.

    Returns:
        Key −1 with no confidence where no pitch class stands out, as in drums or noise.
    """
    return match_key(_pitch_classes(power, sample_rate))


def match_key(pitch_classes: NDArray[np.float64]) -> Tonality:
    """Compare pitch classes with the profile of every key.

    Args:
        pitch_classes: `(12,)`, C first, ≥ 0, any scale.

    Returns:
        The key whose profile correlates best, and its lead over the best other tonic and other mode.
    """
    contrast = pitch_classes.std() / max(pitch_classes.mean(), np.finfo(np.float64).tiny)
    profiles = np.array([[np.roll(profile, tonic) for tonic in range(12)] for profile in (MINOR, MAJOR)])
    centred = profiles - profiles.mean(axis=-1, keepdims=True)
    sounding = pitch_classes - pitch_classes.mean()
    scale = np.linalg.norm(centred, axis=-1) * max(np.linalg.norm(sounding), np.finfo(np.float64).tiny)
    correlation = centred @ sounding / scale  # (2, 12): minor and major, by tonic
    mode, key = np.unravel_index(np.argmax(correlation), correlation.shape)
    if contrast < MIN_CONTRAST:
        return Tonality(key=-1, key_confidence=0.0, mode=int(mode), mode_confidence=0.0)
    other_tonics = np.delete(correlation.max(axis=0), key)
    return Tonality(
        key=int(key),
        key_confidence=_confidence(correlation.max() - other_tonics.max()),
        mode=int(mode),
        mode_confidence=_confidence(correlation.max() - correlation[1 - mode].max()),
    )


def _confidence(lead: float) -> float:
    return float(min(1.0, lead / MAX_CORRELATION_GAP))


def _pitch_classes(power: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Sum the spectrogram into pitch classes; every frame counts by its amplitude, not its power."""
    n_fft = 2 * (power.shape[1] - 1)
    sparse = np.sqrt(np.concatenate(power[..., ::TUNING_STRIDE], axis=-1))
    tuning = _tuning(sparse, sample_rate, n_fft)
    chroma = librosa.feature.chroma_stft(S=power, sr=sample_rate, n_fft=n_fft, tuning=tuning, norm=None)
    return np.asarray(np.sqrt(chroma).sum(axis=(0, 2)), dtype=np.float64)


def _tuning(magnitude: NDArray[np.float32], sample_rate: int, n_fft: int) -> float:
    """Estimate how far the instruments are from 440 Hz, in semitones; 0 where there is no pitch to tell."""
    pitches, strengths = librosa.piptrack(S=magnitude, sr=sample_rate, n_fft=n_fft)
    found = pitches > 0
    if not found.any():
        return 0.0
    strong = found & (strengths >= np.median(strengths[found]))
    return float(librosa.pitch_tuning(pitches[strong]))
