"""What can be measured of music without learning: tempo, key, loudness, brightness and the like.

Everything comes from two spectra of the windows that are decoded anyway: the encoder's log-mel, fine in time, tells
rhythm and loudness; one of a second, fine in pitch, tells tonality and brightness. What can be wrong carries a
confidence between 0 and 1.
"""

from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray

from models.audio.decode import Windows
from models.descriptors.activity import flux, mobility
from models.descriptors.loudness import integrated_loudness, weighting
from models.descriptors.rhythm import measure_rhythm
from models.descriptors.tonality import measure_tonality


class Descriptors(TypedDict):
    """The descriptors of a track; None where there is no honest evidence.

    Attributes:
        tempo: Beats a minute, 40 to 240; None where nothing repeats.
        tempo_confidence: How much of the onsets repeats after one, two or four beats, 0…1.
        key: Pitch class of the tonic, 0 = C … 11 = B; -1 where the music has none.
        key_confidence: How far the key is ahead of the next tonic, 0…1.
        mode: 1 major, 0 minor; the better fit even where the key is -1.
        mode_confidence: How far that mode is ahead of the other, 0…1.
        loudness: Integrated loudness in LUFS, −70 and up.
        brightness: Spectral centroid in Hz, 0…8000.
        onset_rate: Notes and strokes that begin, a second.
        flux: How much begins, see `models.descriptors.activity`.
        mobility: How fast bands move, see `models.descriptors.activity`.
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
    flux: float
    mobility: float
    time_signature: int | None
    time_signature_confidence: float
    duration: float


def describe(windows: Windows, log_mel: NDArray[np.float32]) -> Descriptors:
    """Measure the descriptors of a track.

    Args:
        windows: Windows of a track at 16 kHz, at least 5 s each.
        log_mel: `(n_windows, n_frames, n_mels)` of the same windows, brought to one loudness: what
            `models.encoder.VibeEncoder` hears.

    Returns:
        Every descriptor, each finite or None.
    """
    power = power_spectrum(windows.samples, windows.sample_rate)
    rhythm = measure_rhythm(log_mel)
    tonality = measure_tonality(power)
    return Descriptors(
        tempo=rhythm.tempo,
        tempo_confidence=rhythm.tempo_confidence,
        key=tonality.key,
        key_confidence=tonality.key_confidence,
        mode=tonality.mode,
        mode_confidence=tonality.mode_confidence,
        loudness=integrated_loudness(windows.power * weighting(log_mel, windows.power.shape[1])),
        brightness=spectral_centroid(power),
        onset_rate=rhythm.onset_rate,
        flux=flux(log_mel),
        mobility=mobility(log_mel),
        time_signature=rhythm.time_signature,
        time_signature_confidence=rhythm.time_signature_confidence,
        duration=windows.duration,
    )


def power_spectrum(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Take the power spectrum of each second, Hann-weighted: one bin a hertz, two semitones apart at 65 Hz.

    Args:
        samples: `(n_windows, n_samples)`, at least a second.
        sample_rate: Hz, even.

    Returns:
        `(n_seconds, sample_rate / 2 + 1)`, whole seconds of all windows in order.
    """
    whole = samples.shape[1] // sample_rate * sample_rate
    seconds = samples[:, :whole].reshape(-1, sample_rate)
    weighted = seconds * np.hanning(sample_rate + 1)[:-1].astype(np.float32)
    spectrum = torch.fft.rfft(torch.from_numpy(weighted)).numpy()  # twice as fast as numpy's
    power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def spectral_centroid(power: NDArray[np.float32]) -> float:
    """Find the centre of mass of a track's spectrum, by amplitude: loud moments weigh more than their echo.

    Args:
        power: Power spectrum of each second `(n_seconds, n_bins)`, one bin a hertz from 0 Hz up, not all zero.

    Returns:
        Hz, between 0 and half the sample rate.
    """
    spectrum = np.sqrt(power).sum(axis=0, dtype=np.float64)
    return float(np.arange(spectrum.size) @ spectrum / spectrum.sum())
