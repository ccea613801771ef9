"""Mood presets."""

import pytest

from services.domain.errors import UnknownMood
from services.domain.filters import ATTRIBUTES
from services.words.moods import mood_named, moods


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
