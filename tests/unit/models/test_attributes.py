"""Attributes follow their cues, and nothing else."""

import numpy as np
import pytest

from models import checkpoint
from models.attributes import attributes, calibrate
from models.descriptors.describe import Descriptors
from models.encoder import FEEL_ATTRIBUTES, Encoding


def tag_names():
    return [f"{tower}:{name}" for tower, names in checkpoint.read_card().tags.items() for name in names]


def encoding(feel=(), tags=(), speech=0.0):
    return Encoding(
        embedding=np.eye(1, 128, dtype=np.float32)[0],
        windows=np.eye(1, 128, dtype=np.float32),
        weights=np.ones(1, np.float32),
        dispersion=0.0,
        tags=dict.fromkeys(tag_names(), 0.05) | dict(tags),
        feel=dict.fromkeys(FEEL_ATTRIBUTES, 0.0) | dict(feel),
        speech=speech,
    )


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
        flux=-3.0,
        mobility=-2.0,
        time_signature=4,
        time_signature_confidence=0.5,
        duration=180.0,
    )
    return plain | changed


def examples(n=200):
    generator = np.random.default_rng(0)
    return [
        (
            encoding(dict(zip(FEEL_ATTRIBUTES, generator.normal(size=len(FEEL_ATTRIBUTES)).tolist(), strict=True))),
            descriptors(
                tempo=float(generator.uniform(50, 200)),
                tempo_confidence=float(generator.random()),
                mode=int(generator.integers(2)),
                mode_confidence=float(generator.random()),
                brightness=float(generator.uniform(300, 4000)),
                onset_rate=float(generator.uniform(0, 10)),
                flux=float(generator.uniform(-5, -2)),
                mobility=float(generator.uniform(-4, 0)),
            ),
        )
        for _ in range(n)
    ]


@pytest.fixture(scope="module")
def calibration():
    return calibrate(examples())


def test_values_fill_the_range_of_the_corpus(calibration):
    """Over the tracks it was calibrated on, each attribute is spread evenly over 0…1."""
    values = [attributes(encoded, measured, calibration) for encoded, measured in examples()]

    for name in FEEL_ATTRIBUTES:
        spread = np.quantile([value[name] for value in values], [0.0, 0.25, 0.5, 0.75, 1.0])
        np.testing.assert_allclose(spread, [0.0, 0.25, 0.5, 0.75, 1.0], atol=0.02)


@pytest.mark.parametrize("attribute", FEEL_ATTRIBUTES)
def test_feel_changes_only_its_attribute(calibration, attribute):
    """The encoder's feel for an attribute raises or lowers only that attribute."""
    less, plain, more = (
        attributes(encoding({attribute: value}), descriptors(), calibration) for value in (-1.0, 0.0, 1.0)
    )

    assert less[attribute] < plain[attribute] < more[attribute]
    assert all(less[other] == plain[other] == more[other] for other in FEEL_ATTRIBUTES if other != attribute)


def test_voices_lower_instrumentalness(calibration):
    """Voice tags lower instrumentalness, and "no vocals" raises it."""
    sung, plain, unsung = (
        attributes(encoding(tags=tags), descriptors(), calibration)["instrumentalness"]
        for tags in ({"mtt:singing": 0.5}, {}, {"mtt:no vocals": 0.5})
    )

    assert sung < plain < unsung


@pytest.mark.parametrize(
    ("attribute", "more"),
    [
        ("energy", {"flux": -2.5}),
        ("energy", {"mobility": -1.0}),
        ("valence", {"mode_confidence": 1.0}),
        ("danceability", {"tempo": 120.0}),
        ("danceability", {"tempo_confidence": 1.0, "tempo": 120.0}),
    ],
)
def test_descriptors_change_their_attribute(calibration, attribute, more):
    """Flux and mobility raise energy, major raises valence, and a clear beat near 120 BPM raises danceability."""
    plain = attributes(encoding(), descriptors(), calibration)[attribute]

    assert attributes(encoding(), descriptors(**more), calibration)[attribute] > plain


def test_mastering_changes_no_attribute(calibration):
    """A louder, brighter or cleaner copy of the same music has the same attributes."""
    plain = attributes(encoding(), descriptors(loudness=-30.0), calibration)

    for changed in ({"loudness": -5.0}, {"brightness": 6000.0}, {"onset_rate": 12.0}):
        assert attributes(encoding(), descriptors(**changed), calibration) == plain


def test_music_without_a_tempo_has_attributes(calibration):
    """Without a tempo, the other cues decide."""
    values = attributes(encoding(), descriptors(tempo=None, tempo_confidence=0.0), calibration)

    assert all(0.0 <= values[name] <= 1.0 for name in (*FEEL_ATTRIBUTES, "instrumentalness"))


def test_unmeasured_attributes_are_none(calibration):
    """Liveness is present and None."""
    assert attributes(encoding(), descriptors(), calibration)["liveness"] is None


def test_speechiness_is_what_the_encoder_heard(calibration):
    """The share of speech is not ranked: hardly any track of the corpus has speech."""
    assert attributes(encoding(speech=0.07), descriptors(), calibration)["speechiness"] == 0.07


def test_extremes_stay_in_range(calibration):
    """Cues outside the range of the corpus saturate within 0…1."""
    loud = attributes(encoding(dict.fromkeys(FEEL_ATTRIBUTES, 1e6)), descriptors(flux=9.0, mobility=9.0), calibration)
    none = attributes(
        encoding(dict.fromkeys(FEEL_ATTRIBUTES, -1e6)), descriptors(flux=-99.0, mobility=-99.0), calibration
    )

    for values in (loud, none):
        assert all(0.0 <= values[name] <= 1.0 for name in (*FEEL_ATTRIBUTES, "instrumentalness"))


def test_the_shipped_calibration_is_a_monotone_map():
    """Every calibration table of the shipped card has 21 ascending quantiles."""
    shipped = checkpoint.read_card().calibration

    assert set(FEEL_ATTRIBUTES) <= shipped.keys()
    for quantiles in shipped.values():
        assert len(quantiles) == 21
        assert np.all(np.diff(quantiles) >= 0)
