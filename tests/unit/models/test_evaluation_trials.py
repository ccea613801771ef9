"""Robustness, fidelity, direction, determinism and stored arrays, on cases small enough to work out by hand."""

from pathlib import Path

import numpy as np
import pytest

from models import checkpoint
from models.evaluation.direction import FASTER, LOUDER_DB, direction, pieces, unchanged, windows_of
from models.evaluation.fidelity import fidelity
from models.evaluation.robustness import cosine, embed, mean_change, recognised
from models.evaluation.shipped import Heard
from models.evaluation.store import kept


def heard(energy, valence):
    """An opinion without an embedding."""
    return Heard(np.zeros(2), {}, energy, valence)


def test_a_copy_is_recognised_only_ahead_of_every_other():
    """The own original first counts; behind another, or level with it, does not."""
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.3, 0.1], [0.5, 0.1, 0.5]])

    assert recognised(similarity, [0, 1, 2]).tolist() == [1.0, 0.0, 0.0]
    assert recognised(similarity[1:2], [0]).tolist() == [1.0]


def test_changes_do_not_cancel():
    """Up and down by the same amount is a change, not none."""
    assert mean_change([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1)


def test_a_turned_space_keeps_similarities_and_loses_the_cosine():
    """A copy of the space with other axes correlates fully by pairs, and not by cosine."""
    random = np.random.default_rng(0)
    points = random.standard_normal((30, 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    turn, _ = np.linalg.qr(random.standard_normal((8, 8)))
    tags = random.random((30, 3))

    same = fidelity(points, points, points, tags, tags)
    turned = fidelity(
        points @ turn, points, points @ turn, np.column_stack([tags[:, 0], -tags[:, 1], np.ones(30)]), tags
    )

    assert (same.cosine, same.similarity_correlation, same.tag_correlation) == pytest.approx((1.0, 1.0, 1.0))
    assert turned.similarity_correlation == pytest.approx(1.0)
    assert abs(turned.cosine) < 0.6
    assert turned.tag_correlation == pytest.approx(0.0)  # the same, its opposite, and one that says nothing


@pytest.mark.parametrize(("sign", "share"), [(1, 1.0), (-1, 0.0)])
def test_direction_counts_pairs_that_go_the_right_way(sign, share):
    """A listener who judges by the name of the variant is right throughout, and its opposite never."""
    energies = {"plain": 0.5, "other-mode": 0.5, "faster": 0.5 + 0.2 * sign, "louder": 0.5 + (1 - sign) * 0.1}
    minor_first = {piece.title: piece.minor for piece in pieces(4)}

    def hear(path: Path, _):
        plays_minor = minor_first[path.name] != (path.parent.name == "other-mode")
        return heard(energies[path.parent.name], 0.5 - 0.1 * sign * plays_minor)

    found = direction(hear, 4)

    assert (found.pairs, found.faster, found.minor, found.louder) == (4, share, share, share)


def test_any_change_of_a_hundredth_is_one():
    """Both attributes must stay within .01."""
    assert unchanged(heard(0.5, 0.5), heard(0.505, 0.495))
    assert not unchanged(heard(0.5, 0.5), heard(0.52, 0.5))
    assert not unchanged(heard(0.5, 0.5), heard(0.5, 0.48))


def test_pieces_vary_and_louder_is_a_plain_gain():
    """Pieces differ in what must not matter, half are minor, and 6 dB change nothing but the level."""
    made = pieces(20)

    assert len({piece.tempo for piece in made}) == 20
    assert sum(piece.minor for piece in made) == 10
    assert max(piece.tempo for piece in made) * FASTER < 240
    plain, louder = (windows_of(made[0], gain).samples for gain in (0.0, LOUDER_DB))
    assert np.allclose(louder, plain * 10 ** (LOUDER_DB / 20), atol=1e-4)


def test_the_shipped_encoder_hears_a_window_alike_alone_and_in_company():
    """The batch a window is in changes nothing, and other music changes a lot."""
    encoder = checkpoint.load()
    samples = windows_of(pieces(1)[0]).samples[:1]

    alone = embed(encoder, samples)

    assert cosine(alone, embed(encoder, np.tile(samples, (2, 1)))) >= 0.99999
    assert cosine(alone, embed(encoder, np.random.default_rng(0).standard_normal(samples.shape, np.float32))) < 0.9


def test_arrays_are_computed_once(tmp_path):
    """The second call reads what the first one wrote, and leaves no partial file."""
    calls = []

    def compute():
        calls.append(1)
        return {"value": np.arange(3.0), "name": "text"}

    first, again = (kept(tmp_path / "sub" / "x.npz", compute) for _ in range(2))

    assert calls == [1]
    assert first["value"].tolist() == again["value"].tolist() == [0.0, 1.0, 2.0]
    assert again["name"].item() == "text"
    assert [file.name for file in (tmp_path / "sub").iterdir()] == ["x.npz"]
