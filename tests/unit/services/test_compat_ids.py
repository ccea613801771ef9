"""Ids in letters and digits, and starting points that weigh alike."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.compat.ids import NAMES_ID_MAX, NAMES_MAX_BYTES, from_short, id_of_names, names_of_id, short
from services.recommend.seeds import seed_weights

names = st.text(st.characters(exclude_characters="\0\x1f", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(st.uuids())
def test_a_short_id_leads_back_to_its_track(track):
    """A track id survives being shortened, in 22 letters and digits."""
    written = short(str(track))

    assert len(written) == 22
    assert written.isascii()
    assert written.isalnum()
    assert from_short(written) == str(track)


def test_every_track_has_one_short_id():
    """The smallest and the largest id fit; a number beyond is none."""
    assert short(str(uuid.UUID(int=0))) == "0" * 22
    assert from_short(short(str(uuid.UUID(int=2**128 - 1)))) == str(uuid.UUID(int=2**128 - 1))
    assert from_short("Z" * 22) is None


@given(st.lists(names, min_size=1, max_size=2))
def test_an_id_of_names_says_them(written):
    """The names come back case-folded, and the id is the same whatever their case."""
    found = id_of_names(*written)

    assert found is not None
    assert found.isascii()
    assert found.isalnum()
    assert names_of_id(found) == tuple(name.casefold() for name in written)
    assert id_of_names(*(name.casefold() for name in written)) == found


@pytest.mark.parametrize("text", ["", "-", "a b", "ä", "Abba", "Z" * 22, "1" * 10_000, "test:1", "\0"])
def test_other_words_are_no_ids(text):
    """Words that were not made from names name none, and are turned down quickly."""
    assert names_of_id(text) is None
    assert from_short(text) is None


def test_very_long_names_have_no_id():
    """A name has an id up to its longest, which is as long as an id may be."""
    longest = id_of_names("\u00ff" * (NAMES_MAX_BYTES // 2))

    assert longest is not None
    assert len(longest) <= NAMES_ID_MAX
    assert names_of_id(longest) == ("\u00ff" * (NAMES_MAX_BYTES // 2),)
    assert id_of_names("x" * (NAMES_MAX_BYTES + 1)) is None


def test_every_seed_weighs_the_same():
    """A seed of many tracks weighs as much as one of a single track; what is not ready weighs nothing."""
    weights = seed_weights([("a",), ("b", "c", "gone", "c"), ("a", "b"), ("gone",), ()], {"a", "b", "c"})

    assert weights == {"a": 1.5, "b": 1.0, "c": 0.5}
