"""How a Qdrant server builds the graph of a collection and searches it.

`docs/evaluation/index.md` has the measurements behind each number; ADR 030 has the reasons.
"""

from dataclasses import dataclass

from services.domain.libraries import LIBRARY

M = 16
"""Links of a point in the HNSW graph."""

EF_CONSTRUCT = 100
"""Candidates per point while the graph is built."""

LINKED_FIELDS: frozenset[str] = frozenset()
"""Payload fields that add links to the graph. None: its build would take 7 to 12 times as long. ACORN replaces them."""

TENANT_FIELD = LIBRARY
"""The payload field whose points the server keeps together on disk: a key of a library searches its points only."""

EXACT_MATCHES = 70_000
"""Up to this many matching points, an exact search is as fast as the graph and finds all."""

UNFILTERED_EF = 256
EF_BY_SHARE = ((0.3, 256), (0.15, 512), (0.0, 1024))
"""The smallest share of matching points, and the candidates that the search of the graph then needs."""

OVERSAMPLING = 2.0
"""Candidates of quantised vectors for each wanted point, before they are scored again with the original vectors."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How to run one query.

    Attributes:
        exact: Compare the query with every matching point.
        ef: The number of candidates that the search of the graph keeps.
        acorn: Cross points that do not match, because filters disconnect the graph.
    """

    exact: bool = False
    ef: int = UNFILTERED_EF
    acorn: bool = False


def plan_search(points: int, matches: int, limit: int) -> SearchPlan:
    """Return the plan for a query with filters that about `matches` of `points` points meet."""
    if matches <= EXACT_MATCHES:
        return SearchPlan(exact=True)
    share = matches / points
    ef = next(ef for smallest, ef in EF_BY_SHARE if share >= smallest)
    return SearchPlan(ef=max(ef, limit), acorn=share < 1.0)
