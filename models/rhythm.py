"""Tempo, metre and onset rate from a spectrogram.

The onset envelope is librosa's spectral flux; its autocorrelation, weighted for the tempi that people tap
(D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36, 2007), gives the beat.
"""

from dataclasses import dataclass

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

N_MELS = 96
DYNAMIC_RANGE = 80.0  # dB below the loudest bin: beneath it, changes are noise
ONSET_PROMINENCE = 1.0  # dB of flux over all bands: held chords and noise stay below it, soft notes above
ONSET_DISTANCE = 0.048  # s: two strokes closer than this are heard as one

MIN_TEMPO = 40.0  # beats a minute
MAX_TEMPO = 240.0
PREFERRED_TEMPO = 120.0  # where the prior of Ellis (2007) has its maximum, and people tap most
PRIOR_OCTAVES = 0.9  # its standard deviation there
MIN_PERIODICITY = 0.1  # autocorrelation below which white noise, too, has a "beat"
MIN_MARKED = 0.1  # onsets a beat: with fewer, what repeats is a tremolo or nothing
MIN_METRE_MARGIN = 0.05  # autocorrelation by which one bar length must exceed the other
SMOOTHING_FRAMES = 1.5  # players are not exact to the frame, and beats do not fall on frames
LOUDNESS_EXPONENT = 0.25  # of power: about how loudness is heard, so that a stressed beat counts more
REFINING_BEATS = (2, 4)  # a peak this many beats away places the beat that many times more finely


@dataclass(frozen=True)
class Rhythm:
    """What `models.descriptors.Descriptors` says of rhythm, in the same units."""

    tempo: float | None
    tempo_confidence: float
    onset_rate: float
    time_signature: int | None
    time_signature_confidence: float


def measure_rhythm(power: NDArray[np.float32], sample_rate: int, hop_length: int) -> Rhythm:
    """Measure tempo, metre and onset rate.

    Args:
        power: Power spectrogram `(n_windows, n_fft / 2 + 1, n_frames)`.
        sample_rate: Hz.
        hop_length: Samples between frames.

    Returns:
        Tempo in beats a minute, onsets a second, beats in a bar, and how sure each is.
    """
    mel = librosa.feature.melspectrogram(S=power, sr=sample_rate, n_mels=N_MELS)
    level = librosa.power_to_db(mel, ref=np.max, top_db=DYNAMIC_RANGE)
    envelope = librosa.onset.onset_strength(S=level, sr=sample_rate, hop_length=hop_length)
    frame_rate = sample_rate / hop_length
    periodicity = autocorrelation(envelope)
    lag = _beat_lag(periodicity, frame_rate)
    onset_rate = _onset_rate(envelope, frame_rate)
    marked = min(1.0, onset_rate * lag / frame_rate) if lag else 0.0  # a beat that few onsets mark is a guess
    if lag is None or marked < MIN_MARKED:
        return Rhythm(None, 0.0, onset_rate, None, 0.0)
    accents = librosa.onset.onset_strength(S=mel**LOUDNESS_EXPONENT, sr=sample_rate, hop_length=hop_length)
    metre, margin = _metre(autocorrelation(accents), lag)
    confidence = min(1.0, _at(periodicity, lag)) * marked
    return Rhythm(60 * frame_rate / lag, confidence, onset_rate, metre, margin * marked)


def autocorrelation(envelope: NDArray[np.float32]) -> NDArray[np.float64]:
    """Correlate an onset envelope with itself, all windows of a track together.

    Args:
        envelope: `(n_windows, n_frames)`.

    Returns:
        `(n_frames,)`: 1 at lag 0, about 0 where nothing repeats; all zero for a constant envelope.
    """
    n_frames = envelope.shape[1]
    smooth = gaussian_filter1d(envelope, SMOOTHING_FRAMES, axis=1)
    centred = smooth - smooth.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n_frames, axis=1)) ** 2
    overlap = np.arange(n_frames, 0, -1)
    correlation = np.fft.irfft(spectrum.sum(axis=0))[:n_frames] / overlap
    if correlation[0] < np.finfo(np.float32).eps:
        return np.zeros(n_frames)
    return np.asarray(correlation / correlation[0], dtype=np.float64)


def _beat_lag(periodicity: NDArray[np.float64], frame_rate: float) -> float | None:
    """Find the lag of one beat in (fractional) frames, or None where nothing repeats."""
    lags = np.arange(periodicity.size)
    tempi = 60 * frame_rate / np.maximum(lags, 1)
    prior = np.exp(-0.5 * (np.log2(tempi / PREFERRED_TEMPO) / PRIOR_OCTAVES) ** 2)
    peaks, _ = find_peaks(periodicity, height=MIN_PERIODICITY)
    peaks = peaks[(tempi[peaks] >= MIN_TEMPO) & (tempi[peaks] <= MAX_TEMPO)]
    if peaks.size == 0:
        return None
    lag = _summit(periodicity, int(peaks[np.argmax((periodicity * prior)[peaks])]))
    for beats in REFINING_BEATS:
        expected = round(lag * beats)
        around = slice(max(0, expected - beats), expected + beats + 1)
        if expected + beats + 1 < periodicity.size:
            near = around.start + int(np.argmax(periodicity[around]))
            lag = _summit(periodicity, near) / beats if around.start < near < around.stop - 1 else lag
    return lag


def _summit(values: NDArray[np.float64], index: int) -> float:
    """Place a local maximum between samples by the parabola through its neighbours."""
    before, peak, after = values[index - 1 : index + 2]
    curvature = before - 2 * peak + after
    return index + float(0.5 * (before - after) / curvature) if curvature < 0 else float(index)


def _at(periodicity: NDArray[np.float64], lag: float) -> float:
    """Read the autocorrelation near a fractional lag; 0 beyond its end."""
    nearest = round(lag)
    around = periodicity[max(0, nearest - 1) : nearest + 2]
    return max(0.0, float(around.max())) if around.size else 0.0


def _metre(periodicity: NDArray[np.float64], beat: float) -> tuple[int | None, float]:
    """Compare bars of three and of four beats: accents repeat with the bar, so its lag correlates best."""
    three = np.mean([_at(periodicity, beats * beat) for beats in (3, 6)])
    four = np.mean([_at(periodicity, beats * beat) for beats in (4, 8)])
    margin = float(abs(three - four))
    if margin < MIN_METRE_MARGIN:
        return None, 0.0
    return (3 if three > four else 4), min(1.0, margin)


def _onset_rate(envelope: NDArray[np.float32], frame_rate: float) -> float:
    distance = max(1, round(ONSET_DISTANCE * frame_rate))
    onsets = sum(find_peaks(window, prominence=ONSET_PROMINENCE, distance=distance)[0].size for window in envelope)
    return float(onsets * frame_rate / envelope.size)
