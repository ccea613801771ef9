"""Windows and the full length agree when tempo and key are the same, or as near as ears would call the same."""

import numpy as np
import pytest
import soundfile

from models.evaluation import agreement
from models.evaluation.agreement import (
    Agreement,
    Heard,
    Reference,
    agreements,
    filtered_loudness,
    key_relation,
    tempo_relation,
)

C, G, A = 0, 7, 9
MAJOR, MINOR = 1, 0


def descriptors(tempo, key, mode, confidence, loudness=-14.0):
    return {
        "tempo": tempo,
        "tempo_confidence": confidence,
        "key": key,
        "key_confidence": confidence,
        "mode": mode,
        "mode_confidence": confidence,
        "loudness": loudness,
        "brightness": 1000.0,
        "onset_rate": 2.0,
        "time_signature": 4,
        "time_signature_confidence": 1.0,
        "duration": 240.0,
    }


@pytest.mark.parametrize(
    ("tempo", "other", "relation"),
    [
        (124.7, 120, "equal"),
        (125, 120, "other"),
        (60, 120, "octave"),
        (240, 120, "octave"),
        (180, 120, "2:3 or 3:2"),
        (90, 120, "3:4 or 4:3"),
        (None, 120, "none heard"),
        (None, None, "equal"),
    ],
)
def test_tempo_relation(tempo, other, relation):
    """Within 4 % of a simple ratio is that ratio; where only one hears a tempo, they differ."""
    assert tempo_relation(tempo, other) == relation


@pytest.mark.parametrize(
    ("mine", "other", "relation"),
    [
        ((C, MAJOR), (C, MAJOR), "equal"),
        ((C, MAJOR), (A, MINOR), "relative"),
        ((A, MINOR), (C, MAJOR), "relative"),
        ((A, MAJOR), (C, MINOR), "other"),
        ((C, MAJOR), (C, MINOR), "parallel"),
        ((C, MAJOR), (G, MAJOR), "a fifth apart"),
        ((-1, MAJOR), (C, MAJOR), "none heard"),
        ((-1, MAJOR), (-1, MINOR), "equal"),
    ],
)
def test_key_relation(mine, other, relation):
    """A minor is C major's relative, and no other pair of modes is."""
    assert key_relation(*mine, *other) == relation


@pytest.fixture
def found():
    """Three tracks: windows err in one tempo and in one key, and only where they are unsure."""
    heard = [
        (descriptors(120, C, MAJOR, 0.9), descriptors(60, A, MINOR, 0.9), Reference(120, C, MAJOR)),
        (descriptors(100, C, MAJOR, 0.8), descriptors(100, C, MAJOR, 0.8), Reference(100, C, MAJOR)),
        (descriptors(100, C, MAJOR, 0.1), descriptors(73, G, MINOR, 0.1, -16.0), Reference(100, C, MAJOR)),
    ]
    return agreements([Heard(*track, standard_loudness=-15.0) for track in heard])


def test_shares_of_tracks(found):
    """Octaves and relative keys agree; what else differs does not, and the surest half is judged apart."""
    same, librosa = found["the same measure"], found["librosa and BS.1770"]

    assert same.share("tempo") == pytest.approx(2 / 3)
    assert same.tempo["octave"] == pytest.approx(1 / 3)
    assert same.share("key") == pytest.approx(2 / 3)
    assert same.tempo_where_sure == 1.0
    assert same.loudness == pytest.approx(2 / 3)
    assert librosa.share("tempo") == librosa.share("key") == 1.0
    assert librosa.loudness == pytest.approx(1.0)


def test_page_says_what_is_not_reached():
    """Each demand has its line and its verdict, and every relation its share."""
    poor = Agreement({"equal": 0.8, "other": 0.2}, {"equal": 0.5, "relative": 0.5}, 1.0, 1.0, 0.3)

    page = agreement.page({"librosa": poor}, 166)

    [tempo] = [line for line in page.splitlines() if "tempo within" in line]
    [key] = [line for line in page.splitlines() if "key equal" in line]
    assert "0.800" in tempo
    assert "not reached" in tempo
    assert "1.000" in key
    assert "not reached" not in key


def test_loudness_of_the_standards_own_example(tmp_path):
    """A full-scale sine of 997 Hz on one of two channels reads −3.01 LUFS (ITU-R BS.1770-4)."""
    file = tmp_path / "sine.wav"
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * 48_000) / 48_000)
    soundfile.write(file, np.stack([sine, np.zeros_like(sine)], axis=1), 48_000, "FLOAT")

    assert filtered_loudness(file) == pytest.approx(-3.01, abs=0.02)
