"""Short track ids, ids that encode names, and equal weights of seeds."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.compat.ids import NAMES_ID_MAX, NAMES_MAX_BYTES, from_short, id_of_names, names_of_id, short
from services.recommend.seeds import seed_weights

names = st.text(st.characters(exclude_characters="\0\x1f", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(st.uuids())
def test_a_short_id_decodes_to_its_track(track):
    """A short id has 22 letters and digits."""
    written = short(str(track))

    assert len(written) == 22
    assert written.isascii()
    assert written.isalnum()
    assert from_short(written) == str(track)


def test_short_ids_cover_all_track_ids():
    """The smallest and the largest id have one; a larger number is not an id."""
    assert short(str(uuid.UUID(int=0))) == "0" * 22
    assert from_short(short(str(uuid.UUID(int=2**128 - 1)))) == str(uuid.UUID(int=2**128 - 1))
    assert from_short("Z" * 22) is None


@given(st.lists(names, min_size=1, max_size=2))
def test_an_id_encodes_names(written):
    """The decoded names are case-folded, and the id does not depend on their case."""
    found = id_of_names(*written)

    assert found is not None
    assert found.isascii()
    assert found.isalnum()
    assert names_of_id(found) == tuple(name.casefold() for name in written)
    assert id_of_names(*(name.casefold() for name in written)) == found


@pytest.mark.parametrize("text", ["", "-", "a b", "ä", "Abba", "Z" * 22, "1" * 10_000, "test:1", "\0"])
def test_other_words_are_not_ids(text):
    """Long ones are refused without decoding."""
    assert names_of_id(text) is None
    assert from_short(text) is None


def test_very_long_names_have_no_id():
    """The longest possible name has an id of the maximum length."""
    longest = id_of_names("\u00ff" * (NAMES_MAX_BYTES // 2))

    assert longest is not None
    assert len(longest) <= NAMES_ID_MAX
    assert names_of_id(longest) == ("\u00ff" * (NAMES_MAX_BYTES // 2),)
    assert id_of_names("x" * (NAMES_MAX_BYTES + 1)) is None


def test_every_seed_has_the_same_weight():
    """However many tracks it has; tracks that are not ready have no weight."""
    weights = seed_weights([("a",), ("b", "c", "gone", "c"), ("a", "b"), ("gone",), ()], {"a", "b", "c"})

    assert weights == {"a": 1.5, "b": 1.0, "c": 0.5}
