"""Compute tempo, metre and onset rate from the encoder's log-mel.

The onset envelope is the spectral flux. The beat is the maximum of its autocorrelation over a few seconds, weighted by
a prior for tempi (D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36,
2007).
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.audio.decode import SAMPLE_RATE

HOP_LENGTH = 256  # samples between frames of the log-mel
FRAME_RATE = SAMPLE_RATE / HOP_LENGTH  # Hz: 62.5, finer than people distinguish two onsets
EDGE_FRAMES = 1  # the first and the last frame contain the reflected edges of the window

ONSET_RISE = 1.2  # dB of mean flux over bands; held chords stay below 0.2 and white noise below 1.0
RISE_FRAMES = 6  # 96 ms: the duration within which an onset rises
ONSET_DISTANCE = 3  # frames, 48 ms: closer onsets count as one

MIN_TEMPO = 40.0  # beats per minute
MAX_TEMPO = 240.0
PREFERRED_TEMPO = 120.0  # the maximum of the prior of Ellis (2007)
PRIOR_OCTAVES = 0.6  # its standard deviation; 0.8 and 1.0 detected no more tempi of rendered scores correctly
REINFORCEMENT = 0.5  # weight of half and double the lag of a beat
LOCAL_FRAMES = 500  # 8 s: about the length of a phrase
LOCAL_HOP = 31  # frames: a sixteenth of LOCAL_FRAMES
MIN_PERIODICITY = 0.1  # autocorrelation; white noise stays below it
MIN_MARKED = 0.1  # onsets per beat; with fewer, the repetition is a tremolo or absent
MIN_METRE_MARGIN = 0.05  # minimum difference in autocorrelation between the bar lengths
SMOOTHING_FRAMES = 1.5  # standard deviation of the smoothing: players are not exact to the frame
LOUDNESS_EXPONENT = 0.25  # of power: about proportional to perceived loudness, so that accents count more
REFINING_BEATS = (1, 2, 4)  # a peak n beats away gives the beat with n times the precision

TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Rhythm:
    """The rhythm fields of `models.descriptors.describe.Descriptors`, in the same units."""

    tempo: float | None
    tempo_confidence: float
    onset_rate: float
    time_signature: int | None
    time_signature_confidence: float


def measure_rhythm(log_mel: NDArray[np.float32]) -> Rhythm:
    """Compute tempo, metre and onset rate.

    Args:
        log_mel: `(n_windows, n_frames, n_mels)` in bels ≥ 0, 62.5 frames per second, at a normalised loudness,
            because the threshold for onsets is absolute.

    Returns:
        Tempo in beats per minute, onsets per second, beats per bar, and confidences 0…1.
    """
    inner = log_mel[:, EDGE_FRAMES:-EDGE_FRAMES]
    envelope = 10 * spectral_flux(inner)
    onset_rate = _onset_rate(envelope)
    periodicity = autocorrelation(envelope)
    lag = _refined(_beat_lag(envelope), periodicity)
    clear = max(_at(periodicity, beats * lag) for beats in REFINING_BEATS)  # alternating onsets repeat with the bar
    marked = min(1.0, onset_rate * lag / FRAME_RATE)  # a beat with few onsets is uncertain
    if clear < MIN_PERIODICITY or marked < MIN_MARKED:
        return Rhythm(None, 0.0, onset_rate, None, 0.0)
    accents = spectral_flux(np.exp(np.float32(np.log(10) * LOUDNESS_EXPONENT) * inner))
    metre, margin = _metre(autocorrelation(accents), lag)
    return Rhythm(60 * FRAME_RATE / lag, min(1.0, clear) * marked, onset_rate, metre, margin * marked)


def spectral_flux(spectrogram: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the mean rise of a spectrogram from frame to frame, each smoothed with its neighbours (1 2 1).

    Args:
        spectrogram: `(n_windows, n_frames, n_mels)`, any scale, at least 4 frames.

    Returns:
        float32 `(n_windows, n_frames - 3)`: mean over bands of the rises, ≥ 0, in the same scale.
    """
    pairs = spectrogram[:, 1:] + spectrogram[:, :-1]
    rise = pairs[:, 2:] - pairs[:, :-2]  # four times the difference of two smoothed frames
    mean = np.maximum(rise, 0, out=rise) @ np.full(rise.shape[2], 0.25 / rise.shape[2], np.float32)
    return np.asarray(mean, dtype=np.float32)


def autocorrelation(envelope: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the autocorrelation of an onset envelope over all windows of a track.

    Args:
        envelope: `(n_windows, n_frames)`.

    Returns:
        `(n_frames,)`: 1 at lag 0, about 0 at lags without repetition; all zero for a constant envelope.
    """
    n_frames = envelope.shape[1]
    centred = envelope - envelope.mean(axis=1, keepdims=True)
    spectrum = np.square(np.abs(np.fft.rfft(centred, 2 * n_frames, axis=1))).sum(axis=0, dtype=np.float64)
    turns = np.arange(spectrum.size) / (2 * n_frames)  # per frame
    smooth = spectrum * np.exp(-np.square(2 * np.pi * turns * SMOOTHING_FRAMES))
    correlation = np.fft.irfft(smooth)[:n_frames] / np.arange(n_frames, 0, -1)
    if correlation[0] < np.finfo(np.float32).eps:
        return np.zeros(n_frames)
    return np.asarray(correlation / correlation[0], dtype=np.float64)


def _beat_lag(envelope: NDArray[np.float32]) -> int:
    """Find the lag of one beat in frames: the maximum of the mean local autocorrelation, weighted by the prior.

    Half and double the lag add to a beat's score, because music often divides and groups beats by two.
    """
    size = min(LOCAL_FRAMES, envelope.shape[1])
    local = sliding_window_view(envelope, size, axis=1)[:, ::LOCAL_HOP].reshape(-1, size)
    tapered = (local - local.mean(axis=1, keepdims=True)) * np.hanning(size + 1)[:size].astype(np.float32)
    spectrum = np.square(np.abs(np.fft.rfft(tapered, 2 * size, axis=1)))
    correlation = np.fft.irfft(spectrum, axis=1)[:, :size]
    tempogram = (correlation / np.maximum(correlation[:, :1], TINY)).mean(axis=0)
    around = sliding_window_view(np.pad(tempogram, 1), 3).max(axis=1)
    lags = np.arange(int(np.ceil(60 * FRAME_RATE / MAX_TEMPO)), int(60 * FRAME_RATE / MIN_TEMPO) + 1)
    score = tempogram[lags] + REINFORCEMENT * (around[np.rint(lags / 2).astype(np.intp)] + around[2 * lags])
    octaves = np.log2(60 * FRAME_RATE / PREFERRED_TEMPO / lags)
    return int(lags[np.argmax(score * np.exp(-0.5 * np.square(octaves / PRIOR_OCTAVES)))])


def _refined(lag: float, periodicity: NDArray[np.float64]) -> float:
    """Refine the beat to a fraction of a frame by the peaks one, two and four beats away."""
    for beats in REFINING_BEATS:
        expected = round(lag * beats)
        reach = max(2, beats)
        if expected + reach + 1 < periodicity.size:
            first = expected - reach
            near = first + int(np.argmax(periodicity[first : expected + reach + 1]))
            lag = _interpolated_peak(periodicity, near) / beats if abs(near - expected) < reach else lag
    return lag


def _interpolated_peak(values: NDArray[np.float64], index: int) -> float:
    """Return the position of a local maximum, interpolated by the parabola through its neighbours."""
    before, peak, after = values[index - 1 : index + 2]
    curvature = before - 2 * peak + after
    return index + float(0.5 * (before - after) / curvature) if curvature < 0 else float(index)


def _at(periodicity: NDArray[np.float64], lag: float) -> float:
    """Return the autocorrelation near a fractional lag; 0 beyond its end."""
    nearest = round(lag)
    around = periodicity[max(0, nearest - 1) : nearest + 2]
    return max(0.0, float(around.max())) if around.size else 0.0


def _metre(periodicity: NDArray[np.float64], beat: float) -> tuple[int | None, float]:
    """Return 3 or 4 beats per bar and the margin: accents repeat with the bar, so its lag correlates best."""
    three = np.mean([_at(periodicity, beats * beat) for beats in (3, 6)])
    four = np.mean([_at(periodicity, beats * beat) for beats in (4, 8)])
    margin = float(abs(three - four))
    if margin < MIN_METRE_MARGIN:
        return None, 0.0
    return (3 if three > four else 4), min(1.0, margin)


def _onset_rate(envelope: NDArray[np.float32]) -> float:
    """Count the local maxima that rise at least `ONSET_RISE` above the preceding frames, per second."""
    sides = ((0, 0), (ONSET_DISTANCE, ONSET_DISTANCE))
    greatest = sliding_window_view(np.pad(envelope, sides), 2 * ONSET_DISTANCE + 1, axis=1).max(axis=2)
    before = np.pad(envelope, ((0, 0), (RISE_FRAMES, 0)), mode="edge")
    least = sliding_window_view(before, RISE_FRAMES + 1, axis=1).min(axis=2)
    onsets = (envelope == greatest) & (envelope - least >= ONSET_RISE)
    return float(np.count_nonzero(onsets) * FRAME_RATE / envelope.size)
