"""Filters on single tracks, as the vector index evaluates them on all."""

import pytest

from services.domain.filters import Filters, Range, music_only

MEASURED = {"tempo": 80.0}
KEYWORDS = {"artist": {"anna"}, "tags": {"calm", "piano"}}


@pytest.mark.parametrize(
    ("filters", "admitted"),
    [
        (Filters(), True),
        (Filters(ranges={"tempo": Range(80, 80)}), True),
        (Filters(ranges={"tempo": Range(min=80.5)}), False),
        (Filters(ranges={"tempo": Range(max=79)}), False),
        (Filters(ranges={"year": Range(max=2000)}), False),
        (Filters(ranges={"year": Range(max=2000)}, or_unknown=frozenset({"year"})), True),
        (Filters(any_of={"artist": ("Bert", "ANNA")}), True),
        (Filters(any_of={"artist": ("Bert",)}), False),
        (Filters(any_of={"genre": ("Folk",)}), False),
        (Filters(none_of={"tags": ("Piano",)}), False),
        (Filters(none_of={"genre": ("Folk",)}), True),
        (Filters(none_of={"genre": ("Piano",)}), False),
        (music_only(Filters()), True),
        (Filters(ranges={"tempo": Range(max=90)}, any_of={"tags": ("calm",)}, none_of={"artist": ("Bert",)}), True),
    ],
)
def test_a_track_is_admitted_if_all_conditions_hold(filters, admitted):
    """A null field meets no range and no `any_of`, and every `none_of`; case is ignored."""
    assert filters.admit(MEASURED, KEYWORDS) is admitted


def test_a_genre_that_is_heard_is_unwanted_only_if_the_file_names_none():
    """A piece of jazz in which piano is heard may be in an answer without piano, though it is in one of piano."""
    jazz = {"genre": {"jazz"}, "tags": {"piano"}}

    assert Filters(none_of={"genre": ("PIANO",)}).admit({}, jazz)
    assert not Filters(none_of={"genre": ("Jazz",)}).admit({}, jazz)
    assert Filters(any_of={"genre": ("Piano",)}).admit({}, jazz)


def test_a_fragment_is_no_music():
    """Whatever its kind."""
    assert not music_only(Filters()).admit({}, {"fragment": {"skit"}})
