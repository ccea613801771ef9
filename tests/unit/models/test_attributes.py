"""Attributes follow their evidence, and nothing else."""

import numpy as np
import pytest

from models import checkpoint
from models.attributes import attributes, calibrate
from models.descriptors import Descriptors

RANKED = ("energy", "valence", "danceability", "acousticness")


def tag_names():
    return [f"{tower}:{name}" for tower, names in checkpoint.read_card().tags.items() for name in names]


def tags(**changed):
    return dict.fromkeys(tag_names(), 0.05) | {name.replace("__", ":"): value for name, value in changed.items()}


def descriptors(**changed):
    plain = Descriptors(
        tempo=100.0,
        tempo_confidence=0.5,
        key=0,
        key_confidence=0.5,
        mode=1,
        mode_confidence=0.5,
        loudness=-14.0,
        brightness=1500.0,
        onset_rate=3.0,
        time_signature=4,
        time_signature_confidence=0.5,
        duration=180.0,
    )
    return plain | changed


def examples(n=200):
    generator = np.random.default_rng(0)
    return [
        (
            dict(zip(tag_names(), generator.beta(0.5, 5.0, size=100).tolist(), strict=True)),
            descriptors(
                tempo=float(generator.uniform(50, 200)),
                tempo_confidence=float(generator.random()),
                mode=int(generator.integers(2)),
                mode_confidence=float(generator.random()),
                brightness=float(generator.uniform(300, 4000)),
                onset_rate=float(generator.uniform(0, 10)),
            ),
        )
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def calibration():
    return calibrate(examples())


def test_values_fill_the_range_of_the_corpus(calibration):
    """Over the tracks it was calibrated on, each attribute is spread evenly over 0…1."""
    values = [attributes(heard, measured, calibration) for heard, measured in examples()]

    for name in RANKED:
        spread = np.quantile([value[name] for value in values], [0.0, 0.25, 0.5, 0.75, 1.0])
        np.testing.assert_allclose(spread, [0.0, 0.25, 0.5, 0.75, 1.0], atol=0.02)


@pytest.mark.parametrize(
    ("attribute", "more", "less"),
    [
        ("energy", {"mtt__fast": 0.8, "mtt__drums": 0.8}, {"mtt__slow": 0.8, "msd__ambient": 0.8}),
        ("valence", {"msd__happy": 0.5, "mtt__pop": 0.5}, {"msd__sad": 0.5, "msd__metal": 0.5}),
        ("danceability", {"mtt__dance": 0.8, "msd__House": 0.5}, {"mtt__classical": 0.8, "mtt__ambient": 0.5}),
        ("acousticness", {"msd__acoustic": 0.5, "mtt__piano": 0.8}, {"msd__electronic": 0.8, "mtt__techno": 0.8}),
        ("instrumentalness", {"mtt__no vocals": 0.5}, {"mtt__singing": 0.5}),
    ],
)
def test_tags_move_their_attribute(calibration, attribute, more, less):
    """Tags that speak for an attribute raise it, those that speak against it lower it."""
    plain = attributes(tags(), descriptors(), calibration)[attribute]

    assert attributes(tags(**more), descriptors(), calibration)[attribute] > plain
    assert attributes(tags(**less), descriptors(), calibration)[attribute] < plain


@pytest.mark.parametrize(
    ("attribute", "more"),
    [
        ("energy", {"onset_rate": 9.0}),
        ("energy", {"brightness": 3500.0}),
        ("energy", {"tempo": 180.0}),
        ("valence", {"mode_confidence": 1.0}),
        ("danceability", {"tempo": 120.0}),
        ("danceability", {"tempo_confidence": 1.0, "tempo": 120.0}),
    ],
)
def test_descriptors_move_their_attribute(calibration, attribute, more):
    """Fast, bright and busy is energetic; major is positive; a clear beat near 120 BPM is danceable."""
    plain = attributes(tags(), descriptors(), calibration)[attribute]

    assert attributes(tags(), descriptors(**more), calibration)[attribute] > plain


def test_loudness_moves_nothing(calibration):
    """A louder master of the same music feels the same."""
    quiet = attributes(tags(), descriptors(loudness=-30.0), calibration)

    assert attributes(tags(), descriptors(loudness=-5.0), calibration) == quiet


def test_music_without_a_tempo_has_attributes(calibration):
    """Where nothing repeats, the other evidence decides."""
    values = attributes(tags(), descriptors(tempo=None, tempo_confidence=0.0), calibration)

    assert all(0.0 <= values[name] <= 1.0 for name in (*RANKED, "instrumentalness"))


def test_what_cannot_be_told_is_none(calibration):
    """Liveness and speechiness are named, and None."""
    values = attributes(tags(), descriptors(), calibration)

    assert values["liveness"] is None
    assert values["speechiness"] is None


def test_extremes_stay_in_range(calibration):
    """Evidence beyond anything in the corpus saturates instead of leaving 0…1."""
    loud = attributes(
        dict.fromkeys(tag_names(), 1.0), descriptors(onset_rate=1e6, brightness=1e6, tempo=240.0), calibration
    )
    none = attributes(dict.fromkeys(tag_names(), 0.0), descriptors(onset_rate=0.0, brightness=0.0), calibration)

    for values in (loud, none):
        assert all(0.0 <= values[name] <= 1.0 for name in (*RANKED, "instrumentalness"))


def test_the_shipped_calibration_is_a_monotone_map():
    """Every table of the shipped card has 21 quantiles that never fall."""
    shipped = checkpoint.read_card().calibration

    assert set(RANKED) <= shipped.keys()
    for quantiles in shipped.values():
        assert len(quantiles) == 21
        assert np.all(np.diff(quantiles) >= 0)
