"""Agreement of windows with the whole track, and the comparison with librosa."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import soundfile

from models import checkpoint
from models.corpus import synthesis
from models.evaluation import agreement
from models.evaluation.agreement import Agreement, MeasuredTrack, agreements, filtered_loudness
from models.evaluation.descriptor_cost import Cost
from models.evaluation.known_pieces import (
    KnownPiece,
    TempoAndKey,
    audio_file,
    key_relation,
    known_pieces,
    scores,
    tempo_relation,
)
from models.evaluation.librosa_comparison import LIBROSA, OURS, STEADY, Comparison, LibrosaComparison, compare, figures

C, G, A = 0, 7, 9
MAJOR, MINOR = 1, 0
COMPARISON = LibrosaComparison(
    known=Comparison(
        drums=np.array([True, False]),
        scores={
            name: scores([TempoAndKey(tempo, C, MAJOR, beats)] * 2, [TempoAndKey(120, C, MAJOR, 4)] * 2)
            for name, tempo, beats in ((OURS, 120, 4), (LIBROSA, 60, None))
        },
    ),
    steady={name: dict.fromkeys(STEADY, share) for name, share in ((OURS, 0.9), (LIBROSA, 0.8))},
    tracks=166,
    cost={"tempo": Cost(1.4, 230.0, 6.0), "key": Cost(1.1, 20.0, 1.0)},
)


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
    """A ratio within 4 % of a simple ratio is that ratio; if one tempo is missing, the relation is "none heard"."""
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
    """A minor is the relative of C major, and C minor its parallel key."""
    assert key_relation(*mine, *other) == relation


@pytest.fixture
def found():
    """Three tracks of which the one with the least confidence has a wrong tempo and a wrong key."""
    measured = [
        (descriptors(120, C, MAJOR, 0.9), descriptors(60, A, MINOR, 0.9), TempoAndKey(120, C, MAJOR)),
        (descriptors(100, C, MAJOR, 0.8), descriptors(100, C, MAJOR, 0.8), TempoAndKey(100, C, MAJOR)),
        (descriptors(100, C, MAJOR, 0.1), descriptors(73, G, MINOR, 0.1, -16.0), TempoAndKey(100, C, MAJOR)),
    ]
    return agreements(
        [
            MeasuredTrack(
                windows, whole, librosa_windows=full, librosa_whole=full, librosa=full, standard_loudness=-15.0
            )
            for windows, whole, full in measured
        ]
    )


def test_shares_of_tracks(found):
    """Octaves and relative keys agree, other relations do not; the more confident half has its own share."""
    same, librosa = found["the same measure"], found["librosa and BS.1770"]

    assert same.share("tempo") == pytest.approx(2 / 3)
    assert same.tempo["octave"] == pytest.approx(1 / 3)
    assert same.share("key") == pytest.approx(2 / 3)
    assert same.tempo_where_sure == 1.0
    assert same.loudness == pytest.approx(2 / 3)
    assert librosa.share("tempo") == librosa.share("key") == 1.0
    assert librosa.loudness == pytest.approx(1.0)


def test_the_page_shows_which_requirements_are_met():
    """Each requirement has a line with its result."""
    poor = Agreement({"equal": 0.8, "other": 0.2}, {"equal": 0.5, "relative": 0.5}, 1.0, 1.0, 0.3)

    page = agreement.page({"librosa": poor}, 166, COMPARISON)

    [tempo] = [line for line in page.splitlines() if "tempo within" in line]
    [key] = [line for line in page.splitlines() if "key equal" in line]
    assert "0.800" in tempo
    assert "not met" in tempo
    assert "1.000" in key
    assert "not met" not in key


def test_the_page_compares_both_methods():
    """Each method has a line, half a tempo is an octave, and a cost above a limit is marked."""
    lines = agreement.page({}, 166, COMPARISON).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]

    assert ["all (2)", "ours", "1.000", "1.000", "1.000", "1.000", "1.000"] in rows
    assert ["all (2)", "librosa", "0.000", "1.000", "1.000", "1.000", "–"] in rows
    assert ["ours", "0.900", "0.900"] in rows
    assert ["tempo", "1.40", "230", "6.0", "no"] in rows
    assert ["key", "1.10", "20", "1.0", "yes"] in rows


def test_the_json_has_the_figures_of_the_page():
    """The JSON has the shares of all pieces and of those with and without drums."""
    found = figures(COMPARISON)

    assert found["pieces"] == 2
    assert found["right"]["all"][LIBROSA]["tempo"] == found["right"]["with drums"][LIBROSA]["tempo"] == 0.0
    assert found["right"]["without drums"][OURS]["tempo"] == 1.0
    assert found["cost"]["key"]["memory"] == 20.0


def test_scores_of_tempo_and_key():
    """Octaves, fifths, relative and parallel keys have the weights of each score."""
    truth = TempoAndKey(120, C, MAJOR, 4)
    found = [
        TempoAndKey(60, G, MAJOR, 4),
        TempoAndKey(120, A, MINOR, 3),
        TempoAndKey(90, C, MINOR),
        TempoAndKey(None, -1, MAJOR),
    ]

    assert {name: values.tolist() for name, values in scores(found, [truth] * 4).items()} == {
        "tempo": [0, 1, 0, 0],
        "tempo or an octave": [1, 1, 0, 0],
        "key": [0, 0, 0, 0],
        "key or its relative": [0, 1, 0, 0],
        "key, MIREX-weighted": [0.5, 0.3, 0.2, 0],
        "time signature": [1, 0, 0, 0],
    }


def test_known_pieces_cover_tempi_keys_and_metres(tmp_path):
    """At least 200 pieces cover every key, 55 to 190 BPM, both metres, with and without drums."""
    pieces = known_pieces(tmp_path)
    keys = Counter((piece.truth.key, piece.truth.mode) for piece in pieces)
    tempi = [piece.truth.tempo for piece in pieces if piece.truth.tempo is not None]

    assert len(pieces) == len({piece.name for piece in pieces}) >= 200
    assert len(keys) == 24
    assert min(keys.values()) >= 8
    assert (min(tempi), max(tempi)) == (55, 190)
    assert np.histogram(tempi, 9, (55, 190))[0].min() >= 10
    assert {piece.truth.beats for piece in pieces} == {3, 4}
    assert min(Counter(piece.drums for piece in pieces).values()) > 50


@pytest.mark.slow  # compiles librosa's kernels, which takes half a minute
def test_both_methods_are_compared_on_known_pieces(tmp_path):
    """Both methods measure the same pieces; ours finds tempo and key of simple ones."""
    made = [
        synthesis.Piece("one", "Known", 120, 48, minor=False, progression=(0, 3, 4, 0), percussion=0.5, seconds=20),
        synthesis.Piece("two", "Known", 96, 45, minor=True, progression=(0, 3, 4, 0), metre=3, sustain=0.2, seconds=20),
    ]
    truths = [TempoAndKey(120, C, MAJOR, 4), TempoAndKey(96, A, MINOR, 3)]
    pieces = [
        KnownPiece(piece.title, drums=piece.percussion > 0, truth=truth, write=partial(synthesis.write, piece))
        for piece, truth in zip(made, truths, strict=True)
    ]

    found = compare(pieces, [audio_file(piece, tmp_path) for piece in pieces], checkpoint.load())

    assert found.drums.tolist() == [True, False]
    assert found.scores[OURS]["tempo"].all()
    assert found.scores[OURS]["key"].all()
    assert found.scores[OURS].keys() == found.scores[LIBROSA].keys()
    assert found.scores[LIBROSA]["key"].all()


def test_loudness_of_the_standard_example(tmp_path):
    """A full-scale sine of 997 Hz on one of two channels has −3.01 LUFS (ITU-R BS.1770-4)."""
    file = tmp_path / "sine.wav"
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * 48_000) / 48_000)
    soundfile.write(file, np.stack([sine, np.zeros_like(sine)], axis=1), 48_000, "FLOAT")

    assert filtered_loudness(file) == pytest.approx(-3.01, abs=0.02)
