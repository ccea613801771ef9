"""Mood presets."""

import numpy as np
import pytest

from models.text.tower import TextTower
from services.domain.errors import UnknownMood
from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.question import Question
from services.domain.words import VectorKind
from services.words.moods import mood_named, moods, vectors_of, with_mood


class Axes:
    """Embeds each text as an axis of its own; texts with "?" are not understood."""

    def __init__(self):
        self.texts = []

    def embed(self, text):
        if "?" in text:
            return None
        if text not in self.texts:
            self.texts.append(text)
        return np.eye(128, dtype=np.float32)[self.texts.index(text)]


@pytest.mark.parametrize("mood", moods().values(), ids=list(moods()))
def test_every_mood_says_what_it_wants(mood):
    """A preset has an id for a URL, titles in two languages, desired and undesired words, and plausible targets."""
    assert mood.id == mood.id.lower()
    assert mood.id.replace("-", "").isalpha()
    assert set(mood.titles) == {"en", "de"}
    assert any(words.weight > 0 for words in mood.words)
    assert any(words.weight < 0 for words in mood.words)
    assert all(-1 <= words.weight <= 1 for words in mood.words)
    assert mood.targets
    assert all(0 <= value <= 1 for name, value in mood.targets.items() if name in ATTRIBUTES)


@pytest.mark.parametrize("mood", moods().values(), ids=list(moods()))
def test_the_targets_of_a_mood_meet_its_filters(mood):
    """A track that has exactly the targets is not excluded by the filters."""
    for name, wanted in mood.filters.ranges.items():
        value = mood.targets.get(name)

        assert value is None or (wanted.min or 0) <= value
        assert value is None or wanted.max is None or value <= wanted.max


def test_titles_are_unique():
    """A list of presets shows no title twice."""
    for language in ("en", "de"):
        titles = [mood.titles[language] for mood in moods().values()]

        assert len(set(titles)) == len(titles)


def test_an_unknown_mood_is_an_error_that_lists_the_moods():
    """The message names the id and every preset."""
    with pytest.raises(UnknownMood) as raised:
        mood_named("grumpy")

    assert "'grumpy'" in raised.value.detail
    assert all(mood in raised.value.detail for mood in moods())


def test_a_question_with_a_mood_has_its_words_as_one_vector():
    """The desired words become one unit vector of weight 1; each undesired text is a vector with its weight."""
    embedder = Axes()
    question = with_mood(Question(), mood_named("sleep"), embedder)
    wanted, *unwanted = question.vectors

    assert (wanted.reason, wanted.weight) == ("mood:sleep", 1.0)
    assert np.linalg.norm(wanted.vector) == pytest.approx(1.0)
    assert wanted.vector[0] / wanted.vector[1] == pytest.approx(1.0 / 0.7)
    assert [(each.label, each.weight, each.kind) for each in unwanted] == [("drums", -0.5, VectorKind.WORDS)]
    assert (question.targets, question.filters) == (mood_named("sleep").targets, mood_named("sleep").filters)


def test_targets_and_filters_of_the_question_replace_those_of_the_mood():
    """A client can change a part of a preset."""
    asked = Question(targets={"tempo": 80}, filters=Filters({"energy": Range(0.2, 0.6), "tempo": Range(max=90)}))
    question = with_mood(asked, mood_named("sleep"), Axes())

    assert question.targets == {"energy": 0.05, "tempo": 80}
    assert question.filters == Filters({"energy": Range(0.2, 0.6), "tempo": Range(max=90)})


@pytest.fixture(scope="module")
def tower():
    return TextTower.load()


@pytest.mark.parametrize("mood", moods().values(), ids=list(moods()))
def test_the_text_tower_understands_every_text_of_a_mood(tower, mood):
    """None of them is silently ignored."""
    assert [words.text for words in mood.words if tower.embed(words.text) is None] == []


@pytest.mark.parametrize(("one", "near", "far"), [("sleep", "meditation", "party"), ("workout", "running", "reading")])
def test_related_moods_are_near_each_other(tower, one, near, far):
    """Calm moods are near each other in the vibe space, and far from energetic ones."""
    first, related, opposite = (np.array(next(vectors_of(mood_named(each), tower)).vector) for each in (one, near, far))

    assert first @ related > 0.5
    assert first @ opposite < 0
