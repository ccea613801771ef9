"""The exact search in the catalogue finds what the embedded index finds."""

import numpy as np
import pytest

from services.domain.filters import Filters, Range
from services.domain.vector_index import TRACKS, Query
from services.index.exact import ExactIndex
from tests.fakes.library import track_id, unit_vector

FILTERS = [
    Filters(),
    Filters({"tempo": Range(min=85, max=95)}),
    Filters({"energy": Range(max=0.5)}, {"genre": ("FOLK", "Ambient")}),
    Filters(none_of={"artist": ("folk",), "genre": ("industrial",)}),
    Filters({"tempo": Range(min=900)}),
]


@pytest.mark.parametrize("filters", FILTERS)
def test_it_finds_what_the_index_finds(services, filters):
    """Filters, exclusions, limits and scores agree with those of the index."""
    exact = ExactIndex(services.catalogue.queue_of(TRACKS))
    queries = [
        Query(unit_vector(seed), limit, filters, frozenset(map(track_id, range(seed))))
        for seed, limit in ((0, 50), (1, 5), (3, 1))
    ]
    expected, found = services.index.query(queries), exact.query(queries)

    assert [[hit.id for hit in hits] for hits in found] == [[hit.id for hit in hits] for hits in expected]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose([hit.score for hit in ours], [hit.score for hit in theirs], atol=1e-5)
    excluded = frozenset(map(track_id, range(3)))
    assert exact.count_matching(filters, excluded) == services.index.count_matching(filters, excluded)


def test_an_empty_catalogue_has_no_neighbours(catalogue):
    """A search in an empty library finds nothing."""
    assert ExactIndex(catalogue.queue_of(TRACKS)).query([Query(unit_vector(1), 5)]) == [[]]
