"""The lists that words are judged by: complete, without contradictions, and as large as the evaluation promises."""

from collections import Counter
from itertools import chain

import pytest

from models import checkpoint
from models.evaluation.words.lists import load_lists

LANGUAGES = {"en", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "zh"}


@pytest.fixture(scope="module")
def lists():
    return load_lists()


def test_each_tag_belongs_to_one_name(lists):
    """The names cover all tags of the encoder, and none twice."""
    tags = chain.from_iterable(lists.tags.values())

    assert sorted(tags) == sorted(
        f"{prefix}:{tag}" for prefix, tags in checkpoint.read_card().tags.items() for tag in tags
    )


def test_every_fourth_name_is_held_out(lists):
    """The choice follows the alphabet, so that nobody chose easy words."""
    assert lists.held_out == sorted(lists.tags)[::4]


def test_there_are_enough_phrases(lists):
    """At least 150 phrases in English and 30 in each other language, each once."""
    counts = {language: len({phrase.text for phrase in phrases}) for language, phrases in lists.phrases.items()}

    assert set(counts) == LANGUAGES
    assert counts["en"] >= 150
    assert min(counts.values()) >= 30
    assert counts == {language: len(phrases) for language, phrases in lists.phrases.items()}


def test_a_phrase_is_not_the_name_of_a_tag(lists):
    """A phrase that is a tag would test seen words again."""
    tags = {tag.split(":")[1].casefold() for tag in chain.from_iterable(lists.tags.values())}

    assert not {text.casefold() for text in lists.supported} & (tags | set(lists.tags))


def test_labels_name_known_tags_and_are_used(lists):
    """Each label has names of `tags.toml`, none on both sides, and at least one English phrase."""
    used = Counter(phrase.label.name for phrase in lists.phrases["en"])

    for label in lists.labels.values():
        favouring, opposing = map(set, label.balance)
        assert favouring, label.name
        assert favouring | opposing <= set(lists.tags), label.name
        assert not favouring & opposing, label.name
        assert used[label.name] > 0, label.name


def test_there_are_texts_of_each_test(lists):
    """Twenty texts that are not understood, twenty queries for each step, and the parts of each negation."""
    assert len(set(lists.not_understood)) >= 20
    assert len(set(lists.queries)) == 20
    assert {step.name for step in lists.steps} == {"slow", "calm", "energetic", "happy", "dark", "acoustic"}
    assert not set(lists.not_understood) & set(lists.supported)
    for negation in lists.negations:
        assert negation.rest in negation.text
        assert negation.less in negation.text


def test_captions_have_words_for_each_fifth(lists):
    """Each descriptor has five grades of at least two phrases, and each template a place for each part."""
    rules = lists.captions

    for grades in rules.words.values():
        assert len(grades) == 5
        assert min(map(len, grades)) >= 2
    for template in (*rules.templates, rules.without_tags):
        assert all(f"{{{position}}}" in template for position in range(1, rules.descriptors + 1))
    assert all("{tags}" in template for template in rules.templates)
