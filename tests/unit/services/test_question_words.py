"""Texts of a question become filters, targets and vectors."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from services.domain.errors import InvalidRequest
from services.domain.filters import Filters, Range
from services.domain.question import Exclusion, Question
from services.domain.words import Understood, WeightedText, Words
from services.recommend.words import LazyEmbedder, WordReader
from tests.fakes.words import FakeTower

TOWER = FakeTower(dict(zip(("sad", "drums", "piano"), np.eye(128)[:3], strict=True)))


def reader(understand=lambda text, _tracks, _playing: Understood(text=text, rest=text)):
    return WordReader(None, TOWER, understand)


def read(*texts, question=Question()):  # noqa: B008  it is frozen
    return reader().read(question, [each if isinstance(each, Words) else part(each) for each in texts])


def part(given):
    text, parts = given
    return WeightedText(Understood(text=text, **parts))


def bpm(text, low=None, high=None):
    return text, {"filters": Filters(ranges={"tempo": Range(low, high)})}


def by(*artists):
    return f"by {artists[0]}", {"filters": Filters(any_of={"artist": artists})}


def test_the_rest_and_the_phrases_to_avoid_become_vectors():
    """A rest has the text's weight, a phrase to avoid the opposite, and both carry their words."""
    read_text = replace(part(("x", {"rest": "sad piano", "less": ("drums",)})), weight=2.0)
    found = reader().read(Question(), [read_text])

    assert [(each.label, each.weight, each.reason) for each in found.vectors] == [
        ("sad piano", 2.0, "words:sad piano"),
        ("drums", -2.0, "words:drums"),
    ]
    assert found.vectors[0].vector == tuple(TOWER.embed("sad piano").tolist())
    assert found.words == (read_text,)


def test_words_that_are_not_understood_are_no_vector_and_a_warning():
    """The rest is then null, unknown phrases to avoid are left out, and the warning names each."""
    found = read(("x", {"rest": "qwrtz", "less": ("drums", "blorp")}))
    understood = found.words[0].understood

    assert (understood.rest, understood.less) == (None, ("drums",))
    assert ["qwrtz" in understood.warnings[0], "blorp" in understood.warnings[1]] == [True, True]
    assert [each.label for each in found.vectors] == ["drums"]


def test_a_question_is_blank_only_if_nothing_of_its_texts_was_understood():
    """Anything else to choose tracks by makes it a question."""
    nothing = read(Words("qwrtz"))

    assert nothing.is_blank
    assert not Question().is_blank
    assert not read(Words("qwrtz"), question=Question(targets={"energy": 0.5})).is_blank
    assert not read(Words("sad"), Words("qwrtz")).is_blank
    assert not read(("x", {"like": ("a",)})).is_blank


def test_filters_and_targets_of_texts_join_those_of_the_request():
    """Ranges of one field are intersected, keywords of different fields are all kept, exclusions are added."""
    own = Filters(ranges={"tempo": Range(60, 100), "year": Range(1990, None)}, none_of={"genre": ("Folk",)})
    text = Filters(ranges={"tempo": Range(None, 80)}, any_of={"artist": ("A",)}, none_of={"genre": ("Rock",)})
    found = read(
        ("x", {"filters": text, "targets": {"energy": 0.2}}), question=Question(filters=own, targets={"valence": 0.9})
    )

    assert found.filters == Filters(
        ranges={"tempo": Range(60, 80), "year": Range(1990, None)},
        any_of={"artist": ("A",)},
        none_of={"genre": ("Folk", "Rock")},
    )
    assert found.targets == {"energy": 0.2, "valence": 0.9}
    assert found.words[0].understood.warnings == ()


@pytest.mark.parametrize(
    ("text", "own", "warning"),
    [
        (
            bpm("under 80 bpm", high=80),
            Question(filters=Filters(ranges={"tempo": Range(120, None)})),
            "The request's tempo (at least 120) replaces tempo (at most 80) of “under 80 bpm”.",
        ),
        (
            by("Anna"),
            Question(filters=Filters(any_of={"artist": ("Bert",)})),
            "The request's artist (Bert) replaces artist (Anna) of “by Anna”.",
        ),
        (
            by("Anna"),
            Question(exclude=Exclusion(artists=("ANNA",))),
            "The request's artist (not ANNA) replaces artist (Anna) of “by Anna”.",
        ),
        (
            ("slow", {"targets": {"tempo": 70}}),
            Question(targets={"tempo": 120}),
            "The target tempo 120 replaces 70 of “slow”.",
        ),
    ],
)
def test_the_request_wins_over_a_text_that_contradicts_it(text, own, warning):
    """The filter or the target of the text is ignored, and a warning names both."""
    found = read(text, question=own)

    assert (found.filters, found.targets) == (own.filters, own.targets)
    assert found.words[0].understood.warnings == (warning,)


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (bpm("under 80 bpm", high=80), bpm("over 120 bpm", low=120), "tempo"),
        (by("Anna"), by("Bert"), "artist"),
    ],
)
def test_texts_that_contradict_each_other_are_refused(one, other, field):
    """The message names both texts and the field."""
    with pytest.raises(InvalidRequest) as caught:
        read(one, other)

    assert caught.value.detail == f"“{one[0]}” and “{other[0]}” contradict each other: no {field} meets both."


def test_texts_that_agree_narrow_each_other():
    """The tracks meet the filters of all texts."""
    found = read(bpm("under 100 bpm", high=100), bpm("over 60 bpm", low=60), by("Anna", "Bert"), by("bert", "Carl"))

    assert found.filters == Filters(ranges={"tempo": Range(60, 100)}, any_of={"artist": ("bert",)})


def test_facts_of_a_text_with_a_negative_weight_are_ignored_with_a_warning():
    """Less of a filter has no meaning; its words still count."""
    text = WeightedText(Understood(text="x", filters=Filters(ranges={"tempo": Range(max=80)}), rest="sad"), -1.0)
    found = reader().read(Question(), [text])

    assert found.filters == Filters()
    assert found.words[0].understood.warnings == ("Filters and targets of a text with a negative weight are ignored.",)
    assert [each.weight for each in found.vectors] == [-1.0]


def test_an_embedder_is_loaded_once_at_the_first_text():
    """Threads that come at the same time wait for one load."""
    loads = []

    def load():
        loads.append(None)
        return TOWER

    lazy = LazyEmbedder(load)
    assert loads == []
    threads = [threading.Thread(target=lazy.embed, args=("sad",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(loads) == 1
