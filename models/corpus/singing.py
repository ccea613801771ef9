"""Singing made from speech: a melody in the place of the speech melody, and longer vowels.

A vocoder keeps the vowels and consonants of a recording (linear prediction, 10 ms frames) and replaces the vibration of
the voice by pulses whose pitch follows notes, with vibrato and glides. Speech becomes slower, as in a song. The result
is a singer's melody with a speaker's articulation: no recordings of singers are free of music and free to use.

Source: Makhoul, "Linear Prediction: A Tutorial Review" (1975).
"""

import librosa
import numpy as np
from scipy.signal import lfilter

from models.arrays import Float32Array, Float64Array

_ORDER = 20  # of the prediction: ten resonances below 8 kHz
_FRAME_SECONDS, _HOP_SECONDS = 0.03, 0.01
_SLOWER = (1.4, 2.6)  # length of a sung frame relative to a spoken one
_NOTE_SECONDS = (0.25, 1.2)
_TONIC_HERTZ = (98.0, 294.0)  # of the lowest tonic: bass to soprano
_SCALES = ((0, 2, 4, 5, 7, 9, 11, 12), (0, 2, 3, 5, 7, 8, 10, 12), (0, 3, 5, 7, 10, 12))
_VIBRATO_HERTZ, _VIBRATO_SEMITONES = 5.5, 0.35
_GLIDE_SECONDS = 0.06
_BREATH = 0.03  # noise relative to the pulses of voiced frames
_VOICED = 0.35  # autocorrelation at the best lag of a pitch from which on a frame is voiced
_LOWEST, _HIGHEST = 70.0, 400.0  # Hz: pitch of speech
_PEAK = 0.9
_SILENCE = 1e-4  # RMS of a frame


def sing(speech: Float32Array, sample_rate: int, seed: int, length: int) -> Float32Array:
    """Turn speech into singing.

    Args:
        speech: (n_samples,) mono, at least 1 s.
        sample_rate: Hz.
        seed: Seed of key, scale, notes and tempo.
        length: Number of samples of the result; the speech is repeated if it is too short.

    Returns:
        (length,) float32 mono within ±0.9.
    """
    random = np.random.default_rng(seed)
    frame, hop = round(_FRAME_SECONDS * sample_rate), round(_HOP_SECONDS * sample_rate)
    frames = librosa.util.frame(speech.astype(np.float64), frame_length=frame, hop_length=hop).T
    frames = frames[np.sqrt(np.mean(frames**2, axis=1)) > _SILENCE] * np.hanning(frame)  # (n_frames, frame): no pauses
    slower = random.uniform(*_SLOWER)
    places = (np.arange(length // hop + 1) / slower).astype(int) % len(frames)
    pulses = _pulses(_melody(length + frame, sample_rate, random), sample_rate)
    noise = random.normal(size=length + frame)
    sung = np.zeros(length + 2 * frame)
    window = np.hanning(frame)
    filters: dict[int, tuple[Float64Array, float, bool]] = {}
    for index, place in enumerate(places):
        start = index * hop
        if place not in filters:
            filters[place] = _filter(frames[place], sample_rate)
        coefficients, gain, voiced = filters[place]
        span = slice(start, start + frame)
        source = pulses[span] + _BREATH * noise[span] if voiced else 0.3 * noise[span]
        source = source[: len(sung[span])] * window[: len(source)]
        sung[start : start + frame][: len(source)] += gain * lfilter([1.0], coefficients, source)
    sung = sung[:length]
    loudest = float(np.abs(sung).max()) or 1.0
    return (sung * (_PEAK / loudest)).astype(np.float32)


def _filter(frame: Float64Array, sample_rate: int) -> tuple[Float64Array, float, bool]:
    """Return the coefficients of the predictor, the gain of its residual, and whether the frame is voiced."""
    coefficients: Float64Array = librosa.lpc(frame + 1e-9 * np.arange(len(frame)), order=_ORDER)
    residual = lfilter(coefficients, [1.0], frame)
    gain = float(np.sqrt(np.mean(residual**2)))
    correlation = np.correlate(frame, frame, "full")[len(frame) - 1 :]
    lags = slice(round(sample_rate / _HIGHEST), round(sample_rate / _LOWEST))
    return coefficients, gain, bool(correlation[lags].max() > _VOICED * correlation[0])


def _melody(length: int, sample_rate: int, random: np.random.Generator) -> Float64Array:
    """(length,) Hz: notes of a scale in small steps, with glides and vibrato."""
    tonic = np.log2(random.uniform(*_TONIC_HERTZ))
    scale = _SCALES[int(random.integers(len(_SCALES)))]
    semitones, degree = np.empty(0), int(random.integers(len(scale)))
    while len(semitones) < length:
        note = np.full(round(random.uniform(*_NOTE_SECONDS) * sample_rate), float(scale[degree]))
        semitones = np.concatenate([semitones, note])
        degree = int(np.clip(degree + random.integers(-2, 3), 0, len(scale) - 1))
    glide = round(_GLIDE_SECONDS * sample_rate)
    smooth = np.convolve(semitones[:length], np.ones(glide) / glide, "same")
    vibrato = _VIBRATO_SEMITONES * np.sin(2 * np.pi * _VIBRATO_HERTZ * np.arange(length) / sample_rate)
    hertz: Float64Array = 2.0 ** (tonic + (smooth + vibrato) / 12)
    return hertz


def _pulses(hertz: Float64Array, sample_rate: int) -> Float64Array:
    """Return pulses of a voice, one for each period, with unit power."""
    phase = np.cumsum(hertz / sample_rate)
    starts = np.diff(np.floor(phase), prepend=0.0) > 0
    pulses: Float64Array = np.where(starts, np.sqrt(sample_rate / hertz), 0.0)
    return pulses
