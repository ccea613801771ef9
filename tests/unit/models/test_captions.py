"""Captions name concepts, and never contain what a test withholds."""

import tomllib

import numpy as np
import pytest

from models.encoder import FEEL_ATTRIBUTES
from models.evaluation.words.lists import load_lists
from models.text.tower import LANGUAGES
from models.training.captions import DIRECTORY, Lexicon

CONCEPTS = tomllib.loads((DIRECTORY / "concepts.toml").read_text(encoding="utf-8"))
FEATURES = sorted({feature for weights in CONCEPTS.values() for feature in weights})
HELD_OUT = tomllib.loads((DIRECTORY.parents[1] / "evaluation/words/held_out.toml").read_text(encoding="utf-8"))["tags"]


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(0).normal(size=(200, len(FEATURES)))


@pytest.fixture(scope="module")
def lexicon():
    return Lexicon.read(LANGUAGES)


@pytest.fixture(scope="module")
def captions(lexicon, features):
    return lexicon.captions(lexicon.scores(features, FEATURES), 300, seed=0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_and_phrases_for_every_concept(language):
    """No concept is without a name in any language, and no text has two meanings within one."""
    content = tomllib.loads((DIRECTORY / f"{language}.toml").read_text(encoding="utf-8"))
    texts = [text for kind in ("words", "phrases") for each in content[kind].values() for text in each]

    assert content["words"].keys() == content["phrases"].keys() == CONCEPTS.keys()
    assert all(content["words"].values())
    assert len({text.casefold() for text in texts}) == len(texts)


def test_features_are_known():
    """A concept is made of tags, attributes and descriptors."""
    descriptors = {"tempo", "brightness", "onset_rate", "flux", "mobility", "mode"}

    assert all(name.startswith(("msd:", "mtt:")) or name in {*FEEL_ATTRIBUTES, *descriptors} for name in FEATURES)


def test_captions_are_distinct_and_name_known_concepts(captions):
    """Each text is there once, whatever its case."""
    assert len({caption.text.casefold() for caption in captions}) == len(captions)
    assert all(caption.concepts.keys() <= CONCEPTS.keys() for caption in captions)
    assert any(sign < 0 for caption in captions for sign in caption.concepts.values())


def test_captions_depend_on_the_seed_only(lexicon, features, captions):
    """A training can be repeated."""
    again = lexicon.captions(lexicon.scores(features, FEATURES), 300, seed=0)

    assert again == captions


def test_no_caption_equals_a_text_of_the_tests(features):
    """Phrases that the words are judged by are left out, even if someone wrote them twice."""
    forbidden = [*load_lists().texts, "Songs To Cry To"]
    lexicon = Lexicon.read(["en"], forbidden=forbidden)
    captions = lexicon.captions(lexicon.scores(features, FEATURES), 100, seed=0)

    assert not {caption.text.casefold() for caption in captions} & {text.casefold() for text in forbidden}


def test_withheld_tags_leave_no_trace(features):
    """Neither the tags nor texts with their names remain, and concepts that rest on them are gone."""
    lexicon = Lexicon.read(["en"], without=HELD_OUT)
    captions = lexicon.captions(lexicon.scores(features, FEATURES), 300, seed=0)

    assert not {feature for weights in lexicon.concepts.values() for feature in weights} & set(HELD_OUT)
    assert "jazz" not in lexicon.concepts
    assert "calm" in lexicon.concepts
    assert not [caption.text for caption in captions if "jazz" in caption.text.casefold()]
