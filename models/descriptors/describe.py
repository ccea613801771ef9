"""Compute the descriptors of a track: tempo, metre, key, loudness, brightness and activity.

Rhythm, loudness and activity come from the encoder's log-mel, which is fine in time; tonality and brightness come from
a spectrum of each second, which is fine in frequency. Tempo, metre, key and mode have a confidence between 0 and 1.
"""

from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray

from models.audio.decode import Windows
from models.descriptors.loudness import integrated_loudness, weighting
from models.descriptors.rhythm import measure_rhythm
from models.descriptors.tonality import measure_tonality

FLUX_BANDS = 64  # of 96 mel bands: up to 3.6 kHz, which telephones and low-pass filters keep
MOBILITY_BANDS = 40  # up to 1.6 kHz
_FLOOR = 1e-4  # keeps the logarithm of silence finite


class Descriptors(TypedDict):
    """The descriptors of a track; None if the audio gives no evidence.

    Attributes:
        tempo: Beats per minute, 40…240; None if nothing repeats.
        tempo_confidence: Share of the onsets that repeats after one, two or four beats, 0…1.
        key: Pitch class of the tonic, 0 = C … 11 = B; −1 if the music has no key.
        key_confidence: Lead of the key over the next best tonic, 0…1.
        mode: 1 for major, 0 for minor; the better fit even if the key is −1.
        mode_confidence: Lead of the mode over the other, 0…1.
        loudness: Integrated loudness in LUFS, −70 and up.
        brightness: Spectral centroid in Hz, 0…8000.
        onset_rate: Onsets per second.
        flux: See the function `flux`.
        mobility: See the function `mobility`.
        time_signature: Beats per bar, 3 or 4; None if accents show neither.
        time_signature_confidence: Lead of that metre over the other, 0…1.
        duration: Duration of the whole track in seconds.
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
    """Compute the descriptors of a track.

    Args:
        windows: Windows of a track at 16 kHz, at least 5 s each.
        log_mel: `(n_windows, n_frames, n_mels)` of the same windows, from `models.encoder.VibeEncoder.log_mel`.

    Returns:
        All descriptors, each finite or None.
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
    """Compute the power spectrum of each second with a Hann window: one bin per hertz.

    Args:
        samples: float32 `(n_windows, n_samples)`, at least one second.
        sample_rate: Hz, even.

    Returns:
        float32 `(n_seconds, sample_rate / 2 + 1)` ≥ 0, for the whole seconds of all windows in order.
    """
    whole = samples.shape[1] // sample_rate * sample_rate
    seconds = samples[:, :whole].reshape(-1, sample_rate)
    weighted = seconds * np.hanning(sample_rate + 1)[:-1].astype(np.float32)
    spectrum = torch.fft.rfft(torch.from_numpy(weighted)).numpy()  # twice as fast as numpy's
    power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def spectral_centroid(power: NDArray[np.float32]) -> float:
    """Compute the centre of mass of a track's amplitude spectrum.

    Args:
        power: Power spectrum of each second `(n_seconds, n_bins)`, one bin per hertz from 0 Hz, not all zero.

    Returns:
        Hz, from 0 to half the sample rate.
    """
    spectrum = np.sqrt(power).sum(axis=0, dtype=np.float64)
    return float(np.arange(spectrum.size) @ spectrum / spectrum.sum())


def flux(log_mel: NDArray[np.float32]) -> float:
    """Compute the mean rise of the bands within 32 ms: how strongly notes begin.

    Unlike tempo, flux and `mobility` have no octave errors: they change gradually with the music.

    Args:
        log_mel: `(n_windows, n_frames, 96)` in bels, at a normalised loudness.

    Returns:
        Natural logarithm of bels; about −5 for a drone, −2 for drums.
    """
    bands = log_mel[:, :, :FLUX_BANDS]
    pairs = bands[:, 1:] + bands[:, :-1]
    return _logarithm(np.maximum(pairs[:, 2:] - pairs[:, :-2], 0.0).mean() / 2)


def mobility(log_mel: NDArray[np.float32]) -> float:
    """Compute the share of the bands' variance over time that occurs within 32 ms: the pace of the music.

    Args:
        log_mel: As for `flux`.

    Returns:
        Natural logarithm of a ratio: about −4 for slow swells, 0 for a tremolo.
    """
    bands = log_mel[:, :, :MOBILITY_BANDS]
    steps = np.square(bands[:, 2:] - bands[:, :-2]).mean()
    return _logarithm(steps / (bands.var(axis=1).mean() + _FLOOR))


def _logarithm(value: np.floating) -> float:
    return float(np.log(value + _FLOOR))
