"""The plan of a search depends on how many points match."""

import pytest

from services.index.policy import EXACT_MATCHES, SearchPlan, plan_search


@pytest.mark.parametrize(
    ("points", "matches", "expected"),
    [
        (1_000_000, 0, SearchPlan(exact=True)),
        (1_000_000, EXACT_MATCHES, SearchPlan(exact=True)),
        (40_000, 40_000, SearchPlan(exact=True)),
        (1_000_000, EXACT_MATCHES + 1, SearchPlan(ef=1024, acorn=True)),
        (1_000_000, 200_000, SearchPlan(ef=512, acorn=True)),
        (1_000_000, 350_000, SearchPlan(ef=256, acorn=True)),
        (1_000_000, 1_000_000, SearchPlan(ef=256)),
    ],
)
def test_fewer_matches_need_more_candidates_or_an_exact_search(points, matches, expected):
    """Few matches are compared one by one; the fewer of many, the more candidates."""
    assert plan_search(points, matches, 100) == expected


def test_a_search_keeps_as_many_candidates_as_it_returns():
    """A limit above the usual number of candidates raises it."""
    assert plan_search(1_000_000, 500_000, 900).ef == 900
