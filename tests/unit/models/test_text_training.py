"""The training of the text tower learns directions from captions."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models.arrays import unit_rows
from models.training.captions import Caption
from models.training.pieces import Pieces
from models.training.text import TextSchedule, encode_texts, train_projection, train_understanding

SIZE = 16


@pytest.fixture
def random():
    return np.random.default_rng(0)


def sentences_of(meanings, random):
    """Return sentence vectors near one axis per meaning."""
    vectors = np.eye(SIZE)[meanings] + 0.1 * random.normal(size=(len(meanings), SIZE))
    return unit_rows(vectors).astype(np.float32)


def test_captions_point_to_the_music_that_they_describe(random):
    """A caption ranks the pieces by their score, and a negated one ranks them the other way round."""
    music = unit_rows(random.normal(size=(400, 128)))
    scores = {name: music[:, axis] * np.sqrt(128) for axis, name in enumerate(("calm", "loud"))}
    meanings = [0, 1, 2] * 40
    concepts = [{"calm": 1.0}, {"loud": 1.0}, {"calm": -1.0}]
    captions = [Caption(f"{index}", concepts[meaning]) for index, meaning in enumerate(meanings)]
    schedule = TextSchedule(epochs=60, batch=40, hidden=32, dropout=0.0)

    network = train_projection(sentences_of(meanings, random), captions, music, scores, schedule)
    with torch.inference_mode():
        points = network(torch.from_numpy(sentences_of([0, 1, 2], random))).numpy()
    cosines = points @ music.T

    assert np.corrcoef(cosines[0], scores["calm"])[0, 1] > 0.9
    assert np.corrcoef(cosines[1], scores["loud"])[0, 1] > 0.9
    assert np.corrcoef(cosines[2], scores["calm"])[0, 1] < -0.9


def test_the_classifier_separates_what_it_was_shown(random):
    """Refused texts get negative log-odds, and accepted texts positive ones."""
    network = train_understanding(sentences_of([0, 1] * 1_500, random), sentences_of([2] * 200, random), seed=0)
    with torch.inference_mode():
        odds = network(torch.from_numpy(sentences_of([0, 1, 2, 2], random)))

    assert (odds > 0).tolist() == [True, True, False, False]


def test_texts_are_encoded_once(tmp_path):
    """The second call reads all vectors from the cache and keeps the order of the texts."""
    calls = []

    def encode(texts):
        calls.append(list(texts))
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    sentences = SimpleNamespace(name="lengths", encode=encode)
    encode_texts(["a", "bcd", "a"], sentences, tmp_path)
    again = encode_texts(["bcd", "a"], sentences, tmp_path)

    assert calls == [["a", "bcd"]]
    assert again[:, 0].tolist() == [3.0, 1.0]


def test_a_feature_has_a_direction(random):
    """The cosine to the direction of a feature rises with the feature."""
    embeddings = unit_rows(random.normal(size=(500, 128)))
    feature = embeddings @ np.eye(128)[3]
    pieces = Pieces(embeddings, feature[:, None] / feature.std(), ["energy"], {"title": range(5)})

    assert np.corrcoef(embeddings @ pieces.direction(pieces.feature("energy")), feature)[0, 1] > 0.95
    assert pieces.likeness(range(5))[:5].mean() > 1.0
