"""Texts become points of the vibe space, or are refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.text.sentences import StaticTable
from models.text.tower import (
    LONGEST_TEXT,
    WEIGHTS_DIRECTORY,
    TextTower,
    TextTowerError,
    is_foreign,
    prepare,
    read,
    write,
)

pytestmark = pytest.mark.xdist_group("text tower")


@pytest.fixture(scope="module")
def tower():
    return TextTower.load()


@pytest.fixture(scope="module")
def fallback():
    return TextTower.load(sentences="static")


@pytest.mark.parametrize("one", ["sad piano", "traurige Klaviermusik", "musique triste au piano", "悲しいピアノ曲"])
def test_languages_share_one_space(tower, one):
    """A text is nearer to its translation than to a text of another mood."""
    point = tower.embed(one)

    assert point @ tower.embed("piano triste") > point @ tower.embed("aggressive metal") + 0.3


def test_a_point_has_unit_length_and_cannot_be_changed(tower):
    """Callers share the cached point, so it is read-only."""
    point = tower.embed("calm")

    assert point.shape == (128,)
    assert np.linalg.norm(point) == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        point[0] = 0.0


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "12345", "…", "грустная музыка", "เพลงเศร้า", "موسيقى"])
def test_texts_without_supported_letters_are_refused(tower, text):
    """Nothing to read, or another script: there is no point."""
    assert tower.embed(text) is None


def test_the_card_names_the_languages_and_the_encoder(tower):
    """The tower belongs to one version of the vibe space."""
    assert tower.version == "2026.11"
    assert {"en", "de", "ja", "zh"} <= set(tower.card.languages)


def test_the_fallback_agrees_with_the_full_tower(tower, fallback):
    """The table of word pieces places single words near the points of the sentence encoder."""
    words = ["sad", "piano", "techno", "ruhig", "triste", "metal", "dance"]

    assert np.mean([tower.embed(word) @ fallback.embed(word) for word in words]) > 0.5


def test_feel_points_from_dark_and_calm_to_happy_and_energetic(tower):
    """A neutral feel has no direction, opposite feels have opposite ones."""
    happy, dark = tower.feel(1.0, 1.0), tower.feel(0.0, 0.0)

    assert np.linalg.norm(tower.feel(0.5, 0.5)) == 0.0
    assert np.linalg.norm(happy) == pytest.approx(1.0, abs=1e-5)
    assert happy @ dark == pytest.approx(-1.0, abs=1e-5)
    assert happy @ tower.embed("cheerful and energetic") > 0.2


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="abc äß東🎉\x00\u200b", max_size=400))
def test_any_text_gives_a_point_or_none(tower, text):
    """No text of any script raises, and every point is finite."""
    point = tower.embed(text)

    assert point is None or np.isfinite(point).all()


@given(st.text(max_size=2_000))
def test_prepared_texts_are_short_and_stable(text):
    """Preparing is idempotent, and the result has no control characters."""
    prepared = prepare(text)

    assert len(prepared) <= LONGEST_TEXT
    assert prepared.isprintable()
    assert is_foreign(prepared) in (True, False)


def test_lone_surrogates_are_dropped(tower):
    """JSON can carry half of a surrogate pair."""
    assert tower.embed("sad \ud800 piano") is not None


def test_the_table_splits_words_into_its_pieces():
    """An unknown character is skipped; known pieces around it count."""
    table = StaticTable()

    whole, broken = table.encode(["calm piano", "calm ☃ piano"])

    assert whole @ broken > 0.9
    assert not table.encode([""]).any()


def test_damaged_weights_are_refused(tmp_path, tower):
    """The error names the file."""
    file = write(tower.card, tower.projection, tmp_path)
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    with pytest.raises(TextTowerError, match=rf"{file.name}: the SHA-256 is"):
        read(card["version"], card["sentences"], tmp_path)


def test_missing_weights_are_named(tmp_path):
    """A version without a tower is a clear error."""
    with pytest.raises(TextTowerError, match=r"words-1\.0-e5\.npz"):
        read("1.0", "e5", tmp_path)


def test_written_weights_are_read(tmp_path, tower):
    """A written tower gives the same points, to half precision."""
    write(tower.card, tower.projection, tmp_path)
    _, projection = read(tower.version, tower.card.sentences, tmp_path)
    sentence = np.ones((1, len(projection.centre)), dtype=np.float32)

    assert projection.points(sentence) @ tower.projection.points(sentence).T == pytest.approx(1.0, abs=1e-3)
    assert (WEIGHTS_DIRECTORY / f"words-{tower.version}-{tower.card.sentences}.json").exists()


@pytest.mark.parametrize("word", ["Rock", "traurig", "calm", "悲しい"])
def test_single_words_of_the_lexicon_need_no_sentence_encoder(tower, word):
    """The most frequent texts have the best point that their concept can have, and are never refused."""
    silent = TextTower(tower.card, tower.projection, sentences=None)

    assert silent.embed(word) @ tower.projection.points(tower._sentences.encode([prepare(word)]))[0] > 0.3
