"""What happens to a recording between two copies of it: each alteration as a function of samples.

Those of one shape take windows of a track as (n_windows, n_frames, n_channels) float32 with their sample rate and
return as many. Speed and lead-in move the windows themselves: `Alteration` says by how much.
"""

import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import soundfile
import soxr
import torch
from scipy.signal import butter, sosfilt

from models.audio.decode import SAMPLE_RATE, Windows, read_windows, window_frames
from models.audio.waveform import power_of_steps
from models.corpus.corpus import CorpusTrack
from models.evaluation.store import Arrays, kept, track_file

GAIN_DB = -12.0
TILT_DB_PER_DECADE = 6.0
TILT_PIVOT = 1000.0  # Hz: neither raised nor lowered
TILT_RANGE = (20.0, 20_000.0)  # Hz: outside, the gain stays what it is at the edge
LOW_PASS = 4000.0  # Hz
LOW_PASS_ORDER = 8
NOISE_SNR_DB = 20.0
PITCH_SEMITONES = 2.0
SPEED_CHANGE = 0.06
LEAD_IN_SECONDS = 1.2
MP3_KBIT = 64

# libsndfile maps its compression level to LAME's constant bit rates, evenly between the least and the greatest.
_MP3_LARGEST = {False: (32, 320), True: (8, 160)}  # kbit/s; True: MPEG-2, for sample rates up to 24 kHz
_MPEG_2_RATE = 24_000
_VOCODER_FFT = 4096
_VOCODER_HOP = 1024

Stack = npt.NDArray[np.float32]
Change = Callable[[Stack, int], Stack]


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way in which a copy differs.

    Attributes:
        name: For the report.
        least_r1: Demanded share of altered tracks whose nearest track is their own original.
        change: What happens to the samples.
        speed: Playing speed, pitch and tempo together; 1 leaves them.
        lead_in: Seconds of silence before the track.
    """

    name: str
    least_r1: float
    change: Change = lambda stack, _: stack
    speed: float = 1.0
    lead_in: float = 0.0


def mp3(stack: Stack, sample_rate: int) -> Stack:
    """Encode each window at 64 kbit/s, constant bit rate, and decode it again."""
    return np.stack([_mp3_decoded(mp3_bytes(window, sample_rate), len(window)) for window in stack])


def mp3_bytes(window: Stack, sample_rate: int) -> bytes:
    """One window (n_frames, n_channels) as an MP3 of 64 kbit/s."""
    least, greatest = _MP3_LARGEST[sample_rate <= _MPEG_2_RATE]
    level = (greatest - MP3_KBIT) / (greatest - least)
    file = io.BytesIO()
    soundfile.write(
        file, window, sample_rate, "MPEG_LAYER_III", format="MP3", compression_level=level, bitrate_mode="CONSTANT"
    )
    return file.getvalue()


def _mp3_decoded(encoded: bytes, n_frames: int) -> Stack:
    decoded: Stack = soundfile.read(io.BytesIO(encoded), dtype="float32", always_2d=True)[0][:n_frames]
    return np.pad(decoded, ((0, n_frames - len(decoded)), (0, 0)))


def gain(stack: Stack, _: int) -> Stack:
    """Lower by 12 dB."""
    return (stack * 10 ** (GAIN_DB / 20)).astype(np.float32)


def tilt(stack: Stack, sample_rate: int, decibels_per_decade: float = TILT_DB_PER_DECADE) -> Stack:
    """Tilt the spectrum around 1 kHz, without a change of phase: +6 dB at 10 kHz is −6 dB at 100 Hz."""
    frequencies = np.fft.rfftfreq(stack.shape[1], 1 / sample_rate)
    decades = np.log10(np.clip(frequencies, *TILT_RANGE) / TILT_PIVOT)
    factors = 10 ** (decibels_per_decade * decades / 20)
    tilted = np.fft.irfft(np.fft.rfft(stack, axis=1) * factors[:, None], stack.shape[1], axis=1)
    return tilted.astype(np.float32)


def low_pass(stack: Stack, sample_rate: int) -> Stack:
    """Cut above 4 kHz: a Butterworth filter of order 8."""
    sections = butter(LOW_PASS_ORDER, LOW_PASS, fs=sample_rate, output="sos")
    filtered: Stack = sosfilt(sections, stack, axis=1).astype(np.float32)
    return filtered


def noise(stack: Stack, _: int) -> Stack:
    """Add white noise 20 dB below the RMS of all windows together, its own in each channel."""
    level = np.sqrt(np.mean(np.square(stack, dtype=np.float64))) * 10 ** (-NOISE_SNR_DB / 20)
    hiss = np.random.default_rng(0).standard_normal(stack.shape, dtype=np.float32)
    return (stack + np.float32(level) * hiss).astype(np.float32)


def pitch(stack: Stack, sample_rate: int, semitones: float) -> Stack:
    """Shift the pitch of the mono mix and keep the tempo: phase vocoder, then resampling."""
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
    Alteration("speed +6 %", 0.95, speed=1 + SPEED_CHANGE),
    Alteration("speed −6 %", 0.95, speed=1 - SPEED_CHANGE),
    Alteration("pitch +2 semitones", 0.95, lambda stack, rate: pitch(stack, rate, PITCH_SEMITONES)),
    Alteration("pitch −2 semitones", 0.95, lambda stack, rate: pitch(stack, rate, -PITCH_SEMITONES)),
)

_MARGIN_SECONDS = 1.0  # filters and codecs settle in it, and so does Vorbis after a seek
_FULL_SCALE = 32_767


def altered_windows(track: CorpusTrack, alteration: Alteration, cache_dir: Path) -> Windows:
    """Windows of an altered copy of a track, as `models.audio.decode.read_windows` would give them.

    Args:
        track: Of the corpus.
        alteration: What happened to the copy.
        cache_dir: The corpus's cache; windows are kept in its directory `evaluation-altered`.

    Returns:
        Between one and six windows at 16 kHz; their `power` is that of the mono samples.

    Raises:
        AnalysisError: the file or its altered copy cannot be read, or nothing sounds in it.
    """
    directory = cache_dir / "evaluation-altered" / re.sub(r"[^0-9A-Za-z+−]+", "-", alteration.name)
    arrays = kept(track_file(directory, track), lambda: _packed(altered_copy(track.path, alteration)))
    samples = arrays["samples"].astype(np.float32) * np.float32(arrays["scale"])
    return mono_windows(samples, float(arrays["duration"]))


def mono_windows(samples: Stack, duration: float) -> Windows:
    """Windows of (n_windows, n_samples) mono samples at 16 kHz, of a track of so many seconds."""
    power = np.stack([power_of_steps(window[:, None], SAMPLE_RATE) for window in samples])
    return Windows(samples, SAMPLE_RATE, duration, power)


def altered_copy(path: Path, alteration: Alteration) -> Windows:
    """Alter a file and read the copy; errors as for `altered_windows`."""
    with soundfile.SoundFile(path) as file:
        stack = _with_margins(file, alteration)
        rate, seconds = file.samplerate, file.frames / file.samplerate
    margin = round(_MARGIN_SECONDS * rate)
    changed = alteration.change(stack, rate)[:, margin:-margin]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy.wav"
        soundfile.write(copy, np.concatenate(list(changed)), rate, "FLOAT")
        windows = read_windows(copy)
    return mono_windows(windows.samples, (seconds + alteration.lead_in) / alteration.speed)


def _with_margins(file: soundfile.SoundFile, alteration: Alteration) -> Stack:
    """Read each window of the copy, with margins, at the copy's speed: (n_windows, n_frames, n_channels)."""
    rate, lead_in = file.samplerate, round(alteration.lead_in * file.samplerate)
    margin = round(_MARGIN_SECONDS * rate)
    read = []
    for start, length in window_frames(round((file.frames + lead_in) / alteration.speed), rate):
        wanted = length + 2 * margin
        first = round((start - margin) * alteration.speed) - lead_in
        original = _read(file, first, round(wanted * alteration.speed))
        read.append(_at_speed(original, rate, alteration.speed, wanted))
    return np.stack(read)


def _read(file: soundfile.SoundFile, start: int, length: int) -> Stack:
    """Frames from anywhere, silent where the file has none."""
    before = min(max(0, -start), length)
    file.seek(min(max(0, start), file.frames))
    found: Stack = file.read(length - before, dtype="float32", always_2d=True)
    return np.pad(found, ((before, length - before - len(found)), (0, 0)))


def _at_speed(frames: Stack, rate: int, speed: float, wanted: int) -> Stack:
    if speed == 1.0:
        return frames
    played: Stack = soxr.resample(frames, rate * speed, rate)[:wanted]
    return np.pad(played, ((0, wanted - len(played)), (0, 0)))


def _packed(windows: Windows) -> Arrays:
    scale = float(np.abs(windows.samples).max()) / _FULL_SCALE
    return {
        "samples": np.round(windows.samples / scale).astype(np.int16),
        "scale": np.asarray(scale),
        "duration": np.asarray(windows.duration),
    }
