import math

import numpy as np
import pytest

from models.corpus.synthesis import MAJOR_SCALE, MINOR_SCALE
from models.descriptors.describe import Descriptors
from models.descriptors.rhythm import autocorrelation
from models.descriptors.tonality import MAJOR, MINOR, match_key

RATE = 16_000


def _clicks(tempo, seconds=30, accent_every=1):
    """Clicks on every beat, at a random phase; clicks without accent are 8 dB softer."""
    click = np.sin(2 * np.pi * 1000 * np.arange(800) / RATE) * np.exp(-np.arange(800) / 150)
    samples = np.zeros(seconds * RATE)
    for index in range(int((seconds - 1) * tempo / 60)):
        at = round((0.37 + index * 60 / tempo) * RATE)
        samples[at : at + 800] += click * (1 if index % accent_every == 0 else 0.4)
    return samples.astype(np.float32)


def _progression(tonic, scale, degrees, detune_cents=0):
    """Half-second triads of harmonic tones, repeated four times; `tonic` is a MIDI note."""
    time = np.arange(RATE // 2) / RATE
    chords = []
    for degree in degrees:
        notes = [tonic + 12 * ((degree + step) // 7) + scale[(degree + step) % 7] for step in (0, 2, 4)]
        pitches = [440 * 2 ** ((note - 69 + detune_cents / 100) / 12) for note in notes]
        tones = [np.sin(2 * np.pi * h * pitch * time) / h**1.5 for pitch in pitches for h in range(1, 5)]
        chords.append(sum(tones) * np.exp(-time) * 0.1)
    return np.tile(np.concatenate(chords), 4).astype(np.float32)


@pytest.mark.parametrize("tempo", [66, 93.7, 120, 140])
def test_tempo(described, one_window, tempo):
    """The tempo of a click track is detected within 0.25 %."""
    found = described(one_window(_clicks(tempo)))

    assert found["tempo"] == pytest.approx(tempo, rel=0.0025)
    assert found["tempo_confidence"] > 0.9


def test_tempo_of_fast_clicks_is_an_octave_at_most_away(described, one_window):
    """A fast click track has its own tempo or half of it, at which people tap."""
    ratio = 174 / described(one_window(_clicks(174)))["tempo"]

    assert min(abs(ratio - 1), abs(ratio - 2)) < 0.01


@pytest.mark.parametrize("metre", [3, 4])
def test_time_signature(described, one_window, metre):
    """Accents on every third or fourth beat give the time signature."""
    found = described(one_window(_clicks(120, accent_every=metre)))

    assert found["time_signature"] == metre
    assert found["time_signature_confidence"] > 0


def test_no_metre_without_accents(described, one_window):
    """Equal clicks have a tempo and no time signature."""
    found = described(one_window(_clicks(120)))

    assert found["time_signature"] is None
    assert found["time_signature_confidence"] == 0


@pytest.mark.parametrize("rate", [2, 4])
def test_onset_rate(described, one_window, rate):
    """The onset rate counts all clicks that the edges of the window do not cut."""
    assert described(one_window(_clicks(60 * rate)))["onset_rate"] == pytest.approx(rate, rel=0.05)


def test_held_sounds_have_no_onsets(described, one_window, sine, noise):
    """A held chord and steady noise have no onsets and no tempo."""
    chord = sine(220, 20, 0.2, RATE) + sine(277, 20, 0.2, RATE) + sine(330, 20, 0.2, RATE)
    hiss = noise(20, channels=1, sample_rate=RATE)[:, 0]

    for samples in (chord, hiss):
        found = described(one_window(samples))
        assert (found["onset_rate"], found["tempo"], found["tempo_confidence"]) == (0, None, 0)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "scale"), [(1, MAJOR_SCALE), (0, MINOR_SCALE)])
def test_key(described, one_window, tonic, mode, scale):
    """Key and mode of a I-IV-V-I progression are detected for every tonic."""
    found = described(one_window(_progression(48 + tonic, scale, (0, 3, 4, 0))))

    assert (found["key"], found["mode"]) == (tonic, mode)
    assert found["key_confidence"] > 0.2
    assert found["mode_confidence"] > 0.1


def test_key_of_a_detuned_recording(described, one_window):
    """An instrument tuned a third of a semitone high gives the same key."""
    found = described(one_window(_progression(48, MAJOR_SCALE, (0, 3, 4, 0), detune_cents=33)))

    assert (found["key"], found["mode"]) == (0, 1)


def test_noise_has_no_key(described, one_window, noise):
    """Noise has no key and a confidence of 0."""
    found = described(one_window(noise(20, channels=1, sample_rate=RATE)[:, 0]))

    assert (found["key"], found["key_confidence"], found["mode_confidence"]) == (-1, 0, 0)


@pytest.mark.parametrize(("mode", "profile"), [(1, MAJOR), (0, MINOR)])
def test_key_profiles_match_themselves(mode, profile):
    """The profile of a key is detected as that key, for every tonic."""
    for tonic in range(12):
        found = match_key(np.roll(profile, tonic))
        assert (found.key, found.mode) == (tonic, mode)


@pytest.mark.parametrize("frequency", [250, 1000, 4000])
def test_brightness(described, one_window, sine, frequency):
    """The brightness of a sine is its frequency."""
    assert described(one_window(sine(frequency, 10, 0.1, RATE)))["brightness"] == pytest.approx(frequency, rel=0.01)


def test_every_descriptor_is_present_and_finite(described, one_window, noise):
    """Every descriptor is present; confidences lie between 0 and 1; numbers are finite."""
    found = described(one_window(_clicks(100) + noise(30, channels=1, sample_rate=RATE)[:, 0]))

    assert found.keys() == Descriptors.__annotations__.keys()
    assert found["duration"] == 30
    assert all(0 <= value <= 1 for name, value in found.items() if name.endswith("confidence"))
    assert all(value is None or math.isfinite(value) for value in found.values())


def test_level_changes_loudness_only(described, one_window):
    """A gain of −12 dB changes the loudness by −12 LU, and no other descriptor."""
    samples = _progression(48, MAJOR_SCALE, (0, 3, 4, 0))
    loud, soft = described(one_window(samples)), described(one_window(samples * np.float32(10 ** (-12 / 20))))

    assert loud["loudness"] - soft["loudness"] == pytest.approx(12, abs=0.01)
    for name in Descriptors.__annotations__.keys() - {"loudness", "time_signature"}:
        assert soft[name] == pytest.approx(loud[name], rel=1e-3), name
    assert soft["time_signature"] == loud["time_signature"]


def test_autocorrelation_of_a_constant():
    """The autocorrelation of a constant envelope is zero."""
    assert not autocorrelation(np.full((2, 100), 0.3, np.float32)).any()


def test_mode_fades_into_its_opposite():
    """Between minor and major pitch classes, the signed confidence of the mode changes continuously."""
    signed = []
    for share in np.linspace(0, 1, 101):
        found = match_key((1 - share) * MINOR + share * MAJOR)
        signed.append(found.mode_confidence * (1 if found.mode else -1))

    assert signed[0] < -0.1
    assert signed[-1] > 0.1
    assert np.abs(np.diff(signed)).max() < 0.05


def test_confidence_fades_as_pitch_classes_level_out():
    """The confidence in a key falls to 0 continuously as the pitch classes become equal."""
    level = MAJOR.mean()
    confidences = [match_key(level + part * (MAJOR - level)).mode_confidence for part in np.linspace(0, 1, 201)]

    assert confidences[0] == 0
    assert confidences[-1] > 0.1
    assert np.abs(np.diff(confidences)).max() < 0.05
