"""Alterations that make another copy of a recording: codec, gain, equaliser, noise, pitch, speed, lead-in.

A function that alters samples gets windows (n_windows, n_frames, n_channels) float32 and their sample rate, and returns
as many frames. Speed and lead-in move the windows in the track: see `Alteration`.
"""

import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
import soxr
import torch
from scipy.signal import butter, sosfilt

from models.arrays import Arrays, Float32Array, cached_arrays
from models.audio.decode import SAMPLE_RATE, Windows, read_windows
from models.audio.placement import window_frames
from models.audio.waveform import power_of_steps
from models.corpus.corpus import CorpusTrack

GAIN_DB = -12.0
TILT_DB_PER_DECADE = 6.0
TILT_PIVOT = 1000.0  # Hz: the frequency of gain 1
TILT_RANGE = (20.0, 20_000.0)  # Hz: the gain is constant outside
LOW_PASS = 4000.0  # Hz
LOW_PASS_ORDER = 8
NOISE_SNR_DB = 20.0
PITCH_SEMITONES = 2.0
SPEED_CHANGE = 0.06
LEAD_IN_SECONDS = 1.2
MP3_KBIT = 64

# libsndfile maps its compression level linearly to LAME's constant bit rates from the greatest to the least.
_MP3_LARGEST = {False: (32, 320), True: (8, 160)}  # kbit/s; True: MPEG-2, for sample rates up to 24 kHz
_MPEG_2_RATE = 24_000
_VOCODER_FFT = 4096
_VOCODER_HOP = 1024

Change = Callable[[Float32Array, int], Float32Array]


@dataclass(frozen=True, slots=True)
class Alteration:
    """One alteration of a recording.

    Attributes:
        name: Name in the report.
        least_r1: Required share of altered tracks whose nearest original is their own.
        change: Function that alters the samples.
        speed: Factor > 0 of pitch and tempo together; 1 keeps both.
        lead_in: Seconds of silence before the track.
    """

    name: str
    least_r1: float
    change: Change = lambda stack, _: stack
    speed: float = 1.0
    lead_in: float = 0.0


def mp3(stack: Float32Array, sample_rate: int) -> Float32Array:
    """Encode each window at 64 kbit/s, constant bit rate, and decode it again."""
    return np.stack([_mp3_decoded(mp3_bytes(window, sample_rate), len(window)) for window in stack])


def mp3_bytes(window: Float32Array, sample_rate: int) -> bytes:
    """Encode one window (n_frames, n_channels) as an MP3 of 64 kbit/s."""
    least, greatest = _MP3_LARGEST[sample_rate <= _MPEG_2_RATE]
    level = (greatest - MP3_KBIT) / (greatest - least)
    file = io.BytesIO()
    soundfile.write(
        file, window, sample_rate, "MPEG_LAYER_III", format="MP3", compression_level=level, bitrate_mode="CONSTANT"
    )
    return file.getvalue()


def _mp3_decoded(encoded: bytes, n_frames: int) -> Float32Array:
    decoded: Float32Array = soundfile.read(io.BytesIO(encoded), dtype="float32", always_2d=True)[0][:n_frames]
    return np.pad(decoded, ((0, n_frames - len(decoded)), (0, 0)))


def gain(stack: Float32Array, _: int) -> Float32Array:
    """Lower the level by 12 dB."""
    return (stack * 10 ** (GAIN_DB / 20)).astype(np.float32)


def tilt(stack: Float32Array, sample_rate: int, decibels_per_decade: float = TILT_DB_PER_DECADE) -> Float32Array:
    """Tilt the spectrum about 1 kHz without a change of phase: by default +6 dB at 10 kHz and −6 dB at 100 Hz."""
    frequencies = np.fft.rfftfreq(stack.shape[1], 1 / sample_rate)
    decades = np.log10(np.clip(frequencies, *TILT_RANGE) / TILT_PIVOT)
    factors = 10 ** (decibels_per_decade * decades / 20)
    tilted = np.fft.irfft(np.fft.rfft(stack, axis=1) * factors[:, None], stack.shape[1], axis=1)
    return tilted.astype(np.float32)


def low_pass(stack: Float32Array, sample_rate: int) -> Float32Array:
    """Apply a Butterworth low-pass of order 8 at 4 kHz."""
    sections = butter(LOW_PASS_ORDER, LOW_PASS, fs=sample_rate, output="sos")
    filtered: Float32Array = sosfilt(sections, stack, axis=1).astype(np.float32)
    return filtered


def noise(stack: Float32Array, _: int) -> Float32Array:
    """Add white noise 20 dB below the RMS of all windows together, independent in each channel."""
    level = np.sqrt(np.mean(np.square(stack, dtype=np.float64))) * 10 ** (-NOISE_SNR_DB / 20)
    hiss = np.random.default_rng(0).standard_normal(stack.shape, dtype=np.float32)
    return (stack + np.float32(level) * hiss).astype(np.float32)


def pitch(stack: Float32Array, sample_rate: int, semitones: float) -> Float32Array:
    """Shift the pitch of the mono mix by semitones and keep the tempo: phase vocoder, then resampling."""
    ratio = 2 ** (semitones / 12)
    mono = torch.from_numpy(stack.mean(axis=2, dtype=np.float32))  # (n_windows, n_frames)
    window = torch.hann_window(_VOCODER_FFT)
    spectrum = torch.stft(mono, _VOCODER_FFT, _VOCODER_HOP, window=window, return_complex=True)
    # Double precision, because the vocoder adds up phases over all frames.
    exact = spectrum.numpy().astype(np.complex128)
    stretched = librosa.phase_vocoder(exact, rate=1 / ratio, hop_length=_VOCODER_HOP).astype(np.complex64)
    length = round(mono.shape[1] * ratio)
    longer = torch.istft(torch.from_numpy(stretched), _VOCODER_FFT, _VOCODER_HOP, window=window, length=length)
    shifted = soxr.resample(longer.T.numpy(), sample_rate * ratio, sample_rate).T  # (n_windows, about n_frames)
    n_frames = stack.shape[1]
    fitted = np.pad(shifted[:, :n_frames], ((0, 0), (0, max(0, n_frames - shifted.shape[1]))))
    return np.ascontiguousarray(fitted[:, :, None], dtype=np.float32)


ALTERATIONS = (
    Alteration("mp3 64 kbit/s", 0.99, mp3),
    Alteration("gain −12 dB", 0.99, gain),
    Alteration("tilt +6 dB/decade", 0.99, tilt),
    Alteration("tilt −6 dB/decade", 0.99, lambda stack, rate: tilt(stack, rate, -TILT_DB_PER_DECADE)),
    Alteration("lead-in 1.2 s", 0.99, lead_in=LEAD_IN_SECONDS),
    Alteration("low-pass 4 kHz", 0.95, low_pass),
    Alteration("noise 20 dB", 0.95, noise),
    Alteration("speed +6 %", 0.98, speed=1 + SPEED_CHANGE),
    Alteration("speed −6 %", 0.98, speed=1 - SPEED_CHANGE),
    Alteration("pitch +2 semitones", 0.95, lambda stack, rate: pitch(stack, rate, PITCH_SEMITONES)),
    Alteration("pitch −2 semitones", 0.95, lambda stack, rate: pitch(stack, rate, -PITCH_SEMITONES)),
)

_MARGIN_SECONDS = 1.0  # covers the transients of filters, of codecs, and of Vorbis after a seek
_FULL_SCALE = 32_767


def altered_windows(track: CorpusTrack, alteration: Alteration, cache_dir: Path) -> Windows:
    """Return the windows of an altered copy of a track, as `models.audio.decode.read_windows` would.

    Args:
        track: Track of the corpus.
        alteration: Alteration of the copy.
        cache_dir: The corpus's cache; windows are kept in its directory `evaluation-altered`, rounded to 16 bits.

    Returns:
        One or more windows at 16 kHz; their `power` is that of the mono samples.

    Raises:
        AnalysisError: The file or its altered copy cannot be decoded, or it is silent.
    """
    directory = cache_dir / "evaluation-altered" / re.sub(r"[^0-9A-Za-z+−]+", "-", alteration.name)
    arrays = cached_arrays(track.cache_file(directory, ".npz"), lambda: _packed(altered_copy(track.path, alteration)))
    samples = arrays["samples"].astype(np.float32) * np.float32(arrays["scale"])
    return mono_windows(samples, float(arrays["duration"]))


def mono_windows(samples: Float32Array, duration: float) -> Windows:
    """Return `Windows` of mono samples (n_windows, n_samples) at 16 kHz, spread evenly over a track of `duration` s."""
    places = (np.arange(len(samples)) + 0.5) / len(samples) * duration - samples.shape[1] / SAMPLE_RATE / 2
    power = np.stack([power_of_steps(window[:, None], SAMPLE_RATE) for window in samples])
    return Windows(samples, SAMPLE_RATE, duration, tuple(places.tolist()), power)


def altered_copy(path: Path, alteration: Alteration) -> Windows:
    """Alter a file and decode the copy; errors as for `altered_windows`."""
    with soundfile.SoundFile(path) as file:
        stack = _with_margins(file, alteration)
        rate, seconds = file.samplerate, file.frames / file.samplerate
    margin = round(_MARGIN_SECONDS * rate)
    changed = alteration.change(stack, rate)[:, margin:-margin]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy.wav"
        soundfile.write(copy, np.concatenate(list(changed)), rate, "FLOAT")
        windows = read_windows(copy, len(changed))
    return mono_windows(windows.samples, (seconds + alteration.lead_in) / alteration.speed)


def _with_margins(file: soundfile.SoundFile, alteration: Alteration) -> Float32Array:
    """Read each window of the copy with margins at the copy's speed: (n_windows, n_frames, n_channels)."""
    rate, lead_in = file.samplerate, round(alteration.lead_in * file.samplerate)
    margin = round(_MARGIN_SECONDS * rate)
    read = []
    for start, length in window_frames(round((file.frames + lead_in) / alteration.speed), rate):
        padded = length + 2 * margin
        first = round((start - margin) * alteration.speed) - lead_in
        original = _read(file, first, round(padded * alteration.speed))
        read.append(_at_speed(original, rate, alteration.speed, padded))
    return np.stack(read)


def _read(file: soundfile.SoundFile, start: int, length: int) -> Float32Array:
    """Read frames from any position; frames outside the file are silent."""
    before = min(max(0, -start), length)
    file.seek(min(max(0, start), file.frames))
    found: Float32Array = file.read(length - before, dtype="float32", always_2d=True)
    return np.pad(found, ((before, length - before - len(found)), (0, 0)))


def _at_speed(frames: Float32Array, rate: int, speed: float, n_frames: int) -> Float32Array:
    if speed == 1.0:
        return frames
    played: Float32Array = soxr.resample(frames, rate * speed, rate)[:n_frames]
    return np.pad(played, ((0, n_frames - len(played)), (0, 0)))


def _packed(windows: Windows) -> Arrays:
    scale = float(np.abs(windows.samples).max()) / _FULL_SCALE
    return {
        "samples": np.round(windows.samples / scale).astype(np.int16),
        "scale": np.asarray(scale),
        "duration": np.asarray(windows.duration),
    }
