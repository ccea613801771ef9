"""Alterations change samples as their names state."""

import numpy as np
import pytest
import soundfile

from models.audio.decode import read_windows
from models.corpus.corpus import CorpusTrack
from models.evaluation import alterations
from models.evaluation.alterations import ALTERATIONS, Alteration, altered_copy, altered_windows

RATE = 22_050
TIME = np.arange(2 * RATE) / RATE


def tone(frequency, channels=2):
    """One window of a sine, (1, n_frames, channels)."""
    return np.repeat(0.3 * np.sin(2 * np.pi * frequency * TIME)[None, :, None], channels, axis=2).astype(np.float32)


def level(stack):
    """RMS in dB of the middle, without the transients of filters."""
    return 10 * np.log10(np.mean(stack[:, RATE // 2 : -RATE // 2] ** 2))


def peak_frequency(samples, rate=RATE):
    """Hz of the strongest bin."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_mp3_has_64_kbit_and_no_delay(rate):
    """MP3s have 64 kbit/s at every sample rate, and decode to the same music without a delay."""
    window = np.tile(tone(440)[0], (10, 1))  # long enough that the size of the file's header does not matter

    encoded = alterations.mp3_bytes(window, rate)

    assert len(encoded) * 8 / (len(window) / rate) == pytest.approx(64_000, rel=0.05)
    decoded = alterations.mp3(window[None], rate)
    assert decoded.shape == (1, *window.shape)
    assert np.abs(decoded[0] - window)[2000:-2000].max() < 0.03


@pytest.mark.parametrize(("frequency", "change"), [(100, -6.0), (1000, 0.0), (10_000, 6.0)])
def test_tilt_turns_about_one_kilohertz(frequency, change):
    """The gain is +6 dB per decade above 1 kHz and −6 dB per decade below."""
    assert level(alterations.tilt(tone(frequency), RATE)) - level(tone(frequency)) == pytest.approx(change, abs=0.1)


def test_gain_noise_and_low_pass_have_the_stated_levels():
    """Gain is −12 dB, noise is 20 dB below the music, and an octave above the low-pass the level drops by 40 dB."""
    music = tone(440)

    assert level(alterations.gain(music, RATE)) - level(music) == pytest.approx(-12.0, abs=0.01)
    assert level(alterations.noise(music, RATE) - music) - level(music) == pytest.approx(-20.0, abs=0.2)
    assert level(alterations.low_pass(tone(8000), RATE)) - level(tone(8000)) < -40.0
    assert level(alterations.low_pass(music, RATE)) - level(music) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("semitones", [2.0, -2.0])
def test_pitch_moves_and_tempo_stays(semitones):
    """A tone moves by two semitones, and the window keeps its length."""
    shifted = alterations.pitch(tone(440), RATE, semitones)

    assert shifted.shape == (1, len(TIME), 1)
    middle = shifted[0, RATE // 2 : -RATE // 2, 0]
    assert peak_frequency(middle) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)


@pytest.fixture
def sweep(tmp_path):
    """A mono file of 100 s whose pitch rises from 200 Hz by 10 Hz per second, so that it identifies the position."""
    time = np.arange(100 * RATE) / RATE
    samples = 0.3 * np.sin(2 * np.pi * (200 * time + 5 * time**2))
    path = tmp_path / "sweep.wav"
    soundfile.write(path, samples.astype(np.float32), RATE, "FLOAT")
    return path


def middle_pitch(windows):
    """Hz in the middle tenth of a second of each window."""
    middle = windows.samples.shape[1] // 2
    return [peak_frequency(window[middle - 1600 : middle + 1600], 16_000) for window in windows.samples]


def test_an_unaltered_copy_equals_the_decoded_file(sweep):
    """Without an alteration, the windows of the copy are those of the file."""
    copy = altered_copy(sweep, Alteration("none", 1.0))

    assert np.allclose(copy.samples, read_windows(sweep).samples, atol=1e-3)


def test_lead_in_shifts_the_windows(sweep):
    """With 1.2 s of silence before 100 s, each window starts at another position of the track."""
    copy = altered_copy(sweep, Alteration("lead-in", 1.0, lead_in=1.2))

    centres = [101.2 * (2 * index + 1) / 12 - 1.2 for index in range(6)]
    assert middle_pitch(copy) == pytest.approx([200 + 10 * centre for centre in centres], abs=6)


def test_speed_raises_pitch_and_shortens(sweep):
    """At a speed of 1.06 the pitch is 6 % higher at every position, and the copy is shorter."""
    copy = altered_copy(sweep, Alteration("speed", 1.0, speed=1.06))

    centres = [100 * (2 * index + 1) / 12 for index in range(6)]
    assert middle_pitch(copy) == pytest.approx([1.06 * (200 + 10 * centre) for centre in centres], abs=8)
    assert copy.duration == pytest.approx(100 / 1.06)


def test_cached_windows_are_rounded_to_16_bits(sweep, tmp_path):
    """The second call reads the cache, and the windows differ from the copy by 16-bit rounding."""
    track = CorpusTrack("package", sweep, "", "", "", 100.0)
    quiet = next(alteration for alteration in ALTERATIONS if alteration.change is alterations.gain)

    original = read_windows(sweep).samples

    first = altered_windows(track, quiet, tmp_path)
    sweep.unlink()
    again = altered_windows(track, quiet, tmp_path)

    assert np.array_equal(first.samples, again.samples)
    assert np.allclose(first.samples[:, 500:-500], original[:, 500:-500] * 10 ** (-12 / 20), atol=1e-4)
