"""Maps between spaces: fitted on tracks with vectors in both, judged on others, and refused where they are bad."""

import numpy as np
import pytest

from services.catalog import Catalogue
from services.catalog.tracks import vectors_of
from services.domain.errors import WordsUnavailable
from services.domain.spaces import CARRIED_COSINE, FITTED_PER_DIMENSION, fit_mapping
from services.domain.track import EMBEDDING_DIM
from services.recommend.carrying import Carrying
from tests.fakes.spaces import serve_space

FITTED_MIN = round(FITTED_PER_DIMENSION * EMBEDDING_DIM)
ROTATION = np.linalg.qr(np.random.default_rng(3).normal(size=(EMBEDDING_DIM, EMBEDDING_DIM)))[0].astype(np.float32)


def units(count: int, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, EMBEDDING_DIM)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_a_rotation_is_found_with_few_tracks() -> None:
    source = units(2 * FITTED_MIN)
    mapping = fit_mapping(source, source @ ROTATION)
    new = units(1, seed=2)[0]

    assert mapping is not None
    assert mapping.cosine > 0.999
    assert mapping.carry(new) @ (new @ ROTATION) > 0.999
    assert np.linalg.norm(mapping.carry(new)) == pytest.approx(1.0, abs=1e-5)


def test_spaces_without_a_relation_have_no_good_map() -> None:
    mapping = fit_mapping(units(1000), units(1000, seed=2))

    assert mapping is not None
    assert mapping.cosine < CARRIED_COSINE


def test_few_tracks_give_no_map() -> None:
    """Nor do none, of which nobody knows how long their vectors are."""
    assert fit_mapping(units(FITTED_MIN), units(FITTED_MIN)) is None
    assert fit_mapping(vectors_of([]), vectors_of([])) is None


@pytest.mark.parametrize("dimension", [40, 400])
def test_spaces_of_other_dimensions_are_mapped(catalogue: Catalogue, dimension: int) -> None:
    """Into more dimensions a rotation is found, and into fewer ones a projection; texts are carried by both."""
    drawn = np.random.default_rng(5).normal(size=(EMBEDDING_DIM, dimension))
    shared = min(dimension, EMBEDDING_DIM)
    across = (drawn @ np.linalg.pinv(drawn.T @ drawn)) if dimension < EMBEDDING_DIM else np.linalg.qr(drawn.T)[0].T
    source = units(1000)
    source[:, shared:] = 0
    target = (source @ across).astype(np.float32)
    mapping = fit_mapping(source, target / np.linalg.norm(target, axis=1, keepdims=True))
    assert mapping is not None
    assert mapping.matrix.shape == (EMBEDDING_DIM, dimension)
    serve_space(catalogue, "m2", dimension=dimension)
    catalogue.space_mappings.store("m1", "m2", mapping)

    carried = Carrying(catalogue).carry(source[-1], "m1")
    assert carried @ target[-1] / np.linalg.norm(target[-1]) > 0.95


def test_vectors_of_texts_are_carried_or_refused(catalogue: Catalogue) -> None:
    """A text tower of another model version is used through a map into the served space, and only then."""
    serve_space(catalogue, "m2")
    carrying, text = Carrying(catalogue), units(1)[0]
    with pytest.raises(WordsUnavailable, match="model version m2"):
        carrying.carry(text, "m1")
    source = units(1000)
    mapping = fit_mapping(source, source @ ROTATION)
    assert mapping is not None
    catalogue.space_mappings.store("m1", "m2", mapping)

    assert carrying.carry(text, "m1") @ (text @ ROTATION) > 0.999
    assert carrying.carry(text, "m2") is text
    assert carrying.choose([0.0], {"m1": text.tolist(), "m2": [1.0]}) == [1.0]
