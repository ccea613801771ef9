"""Detect key and mode: the one of 24 key profiles that correlates best with the pitch classes of a spectrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Relative frequency of each pitch class in pieces of a key, from its tonic up: J. Albrecht and D. Shanahan, "The use of
# large corpora to train a new type of key-finding algorithm", Music Perception 31(1), 2013.
MAJOR = np.array([0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081])
MINOR = np.array([0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052])

CONCERT_PITCH = 440.0  # Hz: the A above middle C, MIDI note 69
LOWEST_NOTE = 36  # MIDI: C two octaves below middle C, 65 Hz; below it, semitones are not separable
HIGHEST_NOTE = 96  # exclusive: C three octaves above middle C, 2093 Hz; higher partials are mostly overtones
TUNING_BAND = (110, 2000)  # Hz: partials in this band are sharp enough to estimate the tuning

LEVEL_POWER = -0.25  # of frequency, for amplitude: flattens noise between white and pink

MIN_CONTRAST = 0.08  # standard deviation over mean of the pitch classes; white noise stays below 0.07
MAX_CORRELATION_GAP = 0.5  # lead over the next key for full confidence; little music exceeds it
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Tonality:
    """The tonality fields of `models.descriptors.describe.Descriptors`, in the same units."""

    key: int
    key_confidence: float
    mode: int
    mode_confidence: float


def measure_tonality(power: NDArray[np.float32]) -> Tonality:
    """Detect key and mode.

    Args:
        power: Power spectrum of each second of a track, `(n_seconds, n_bins)`, one bin per hertz from 0 Hz, at
            least 2200 bins.

    Returns:
        Key, mode and confidences; key −1 with confidence 0 if no pitch class dominates, as in drums or noise.
    """
    return match_key(pitch_classes(power))


def match_key(chroma: NDArray[np.float64]) -> Tonality:
    """Find the key whose profile correlates best with pitch classes.

    Args:
        chroma: `(12,)`, C first, ≥ 0, any scale.

    Returns:
        Key and mode, with confidences from the lead over the best other tonic and the other mode.
    """
    contrast = chroma.std() / max(chroma.mean(), TINY)
    profiles = np.array([[np.roll(profile, tonic) for tonic in range(12)] for profile in (MINOR, MAJOR)])
    centred = profiles - profiles.mean(axis=-1, keepdims=True)
    centred_chroma = chroma - chroma.mean()
    scale = np.linalg.norm(centred, axis=-1) * max(float(np.linalg.norm(centred_chroma)), TINY)
    correlation = centred @ centred_chroma / scale  # (2, 12): minor and major, by tonic
    mode, key = np.unravel_index(np.argmax(correlation), correlation.shape)
    other_tonics = np.delete(correlation.max(axis=0), key)
    clear = min(1.0, max(0.0, contrast / MIN_CONTRAST - 1))  # continuous from 0, so that confidences do not jump
    return Tonality(
        key=int(key) if contrast >= MIN_CONTRAST else -1,
        key_confidence=clear * _confidence(correlation.max() - other_tonics.max()),
        mode=int(mode),
        mode_confidence=clear * _confidence(correlation.max() - correlation[1 - mode].max()),
    )


def _confidence(lead: float) -> float:
    return float(min(1.0, lead / MAX_CORRELATION_GAP))


def pitch_classes(power: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum the amplitudes of a spectrum into pitch classes, each second relative to its strongest pitch class.

    Args:
        power: As for `measure_tonality`.

    Returns:
        `(12,)`, C first, ≥ 0.
    """
    edges = np.arange(LOWEST_NOTE, HIGHEST_NOTE + 1) - 0.5 + _tuning(power)
    bins = np.ceil(CONCERT_PITCH * 2 ** ((edges - 69) / 12)).astype(np.intp)
    semitones = np.sqrt(np.add.reduceat(power[:, : bins[-1]], bins[:-1], axis=1))  # (n_seconds, n_notes)
    level = np.exp2(LEVEL_POWER / 12 * np.arange(HIGHEST_NOTE - LOWEST_NOTE, dtype=np.float32))
    chroma = (semitones * level).reshape(len(power), -1, 12).sum(axis=1)
    relative = chroma / np.maximum(chroma.max(axis=1, keepdims=True), TINY)
    return np.asarray(relative.sum(axis=0), dtype=np.float64)


def _tuning(power: NDArray[np.float32]) -> float:
    """Estimate the tuning in semitones from 440 Hz, −0.5…0.5, as the circular mean over the partials."""
    low, high = TUNING_BAND
    mean = np.sqrt(power[:, low:high]).mean(axis=0, dtype=np.float64) + TINY
    peaks = 1 + np.flatnonzero((mean[1:-1] > mean[:-2]) & (mean[1:-1] >= mean[2:]))
    before, peak, after = (np.log(mean[peaks + offset]) for offset in (-1, 0, 1))
    frequencies = low + peaks + 0.5 * (before - after) / (before - 2 * peak + after)
    turns = 12 * np.log2(frequencies / CONCERT_PITCH)
    return float(np.angle(mean[peaks] @ np.exp(2j * np.pi * turns)) / (2 * np.pi))
