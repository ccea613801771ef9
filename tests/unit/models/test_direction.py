"""Direction of the attributes on synthesised pairs."""

from pathlib import Path

import numpy as np
import pytest

from models.evaluation.direction import FASTER, LOUDER_DB, measure_direction, pieces, unchanged, windows_of
from models.evaluation.encoders import EncodedTrack


def encoded(energy, valence):
    """Attributes without an embedding."""
    return EncodedTrack(np.zeros(2), {}, energy, valence)


@pytest.mark.parametrize(("sign", "share"), [(1, 1.0), (-1, 0.0)])
def test_direction_counts_pairs_with_the_expected_change(sign, share):
    """Attributes that follow the name of the variant give a share of 1, opposite ones a share of 0."""
    energies = {"plain": 0.5, "other-mode": 0.5, "faster": 0.5 + 0.2 * sign, "louder": 0.5 + (1 - sign) * 0.1}
    minor_first = {piece.title: piece.minor for piece in pieces(4)}

    def encode_track(path: Path, _):
        plays_minor = minor_first[path.name] != (path.parent.name == "other-mode")
        return encoded(energies[path.parent.name], 0.5 - 0.1 * sign * plays_minor)

    found = measure_direction(encode_track, 4)

    assert (found.pairs, found.faster, found.minor, found.louder) == (4, share, share, share)


def test_unchanged_means_less_than_a_hundredth():
    """Energy and valence must both change by less than 0.01."""
    assert unchanged(encoded(0.5, 0.5), encoded(0.505, 0.495))
    assert not unchanged(encoded(0.5, 0.5), encoded(0.52, 0.5))
    assert not unchanged(encoded(0.5, 0.5), encoded(0.5, 0.48))


def test_pieces_vary_and_louder_is_a_plain_gain():
    """Pieces differ in tempo, half are in minor, and a gain of 6 dB changes the level alone."""
    made = pieces(20)

    assert len({piece.tempo for piece in made}) == 20
    assert sum(piece.minor for piece in made) == 10
    assert max(piece.tempo for piece in made) * FASTER < 240
    plain, louder = (windows_of(made[0], gain).samples for gain in (0.0, LOUDER_DB))
    assert np.allclose(louder, plain * 10 ** (LOUDER_DB / 20), atol=1e-4)
