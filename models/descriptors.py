"""What can be measured of music without learning: tempo, key, loudness, brightness and the like.

Everything comes from one spectrogram of the windows that are decoded anyway. What can be wrong carries a
confidence between 0 and 1.
"""

from typing import TypedDict

import librosa
import numpy as np
from numpy.typing import NDArray

from models.decode import Windows
from models.loudness import integrated_loudness
from models.rhythm import measure_rhythm
from models.tonality import measure_tonality

N_FFT = 2048  # 128 ms: two semitones apart at 130 Hz are still two peaks
HOP_LENGTH = 256  # 16 ms: finer than ears tell two drum strokes apart


class Descriptors(TypedDict):
    """The descriptors of a track; None where there is no honest evidence.

    Attributes:
        tempo: Beats a minute, 40 to 240; None where nothing repeats.
        tempo_confidence: How much of the onsets repeats with the beat, 0…1.
        key: Pitch class of the tonic, 0 = C … 11 = B; -1 where the music has none.
        key_confidence: How far the key is ahead of the next tonic, 0…1.
        mode: 1 major, 0 minor; the better fit even where the key is -1.
        mode_confidence: How far that mode is ahead of the other, 0…1.
        loudness: Integrated loudness in LUFS, −70 and up.
        brightness: Spectral centroid in Hz, 0…8000.
        onset_rate: Notes and strokes that begin, a second.
        time_signature: Beats in a bar, 3 or 4; None where accents tell neither.
        time_signature_confidence: How far that metre is ahead of the other, 0…1.
        duration: Seconds, of the whole track.
    """

    tempo: float | None
    tempo_confidence: float
    key: int
    key_confidence: float
    mode: int
    mode_confidence: float
    loudness: float
    brightness: float
    onset_rate: float
    time_signature: int | None
    time_signature_confidence: float
    duration: float


def describe(windows: Windows) -> Descriptors:
    """Measure the descriptors of a track.

    Args:
        windows: Windows of a track at 16 kHz, at least 5 s of sound in all.

    Returns:
        Every descriptor, each finite or None.
    """
    magnitude = np.abs(librosa.stft(windows.samples, n_fft=N_FFT, hop_length=HOP_LENGTH, center=False))
    power = np.square(magnitude)
    rhythm = measure_rhythm(power, windows.sample_rate, HOP_LENGTH)
    tonality = measure_tonality(power, windows.sample_rate)
    return Descriptors(
        tempo=rhythm.tempo,
        tempo_confidence=rhythm.tempo_confidence,
        key=tonality.key,
        key_confidence=tonality.key_confidence,
        mode=tonality.mode,
        mode_confidence=tonality.mode_confidence,
        loudness=integrated_loudness(windows.channels, windows.channel_rate),
        brightness=spectral_centroid(magnitude, windows.sample_rate),
        onset_rate=rhythm.onset_rate,
        time_signature=rhythm.time_signature,
        time_signature_confidence=rhythm.time_signature_confidence,
        duration=windows.duration,
    )


def spectral_centroid(magnitude: NDArray[np.float32], sample_rate: int) -> float:
    """Find the centre of mass of a track's spectrum: loud moments weigh more than their echo.

    Args:
        magnitude: Spectrogram `(n_windows, n_fft / 2 + 1, n_frames)`, not all zero.
        sample_rate: Hz.

    Returns:
        Hz, between 0 and half the sample rate.
    """
    spectrum = magnitude.sum(axis=(0, 2), dtype=np.float64)
    frequencies = np.linspace(0, sample_rate / 2, spectrum.size)
    return float(frequencies @ spectrum / spectrum.sum())
