"""How each query is run on a Qdrant server: the plan for the number of points that probably meet its filters."""

import threading
import time
from collections.abc import Callable

from qdrant_client import QdrantClient, models

from services.domain.filters import Filters
from services.domain.vector_index import Query
from services.index.policy import OVERSAMPLING, plan_search
from services.index.qdrant_filters import build_filter

# A library grows by few tracks in this time, and a plan fits a wide range of counts.
ESTIMATE_SECONDS = 60.0
ESTIMATES_KEPT = 1000


class Planner:
    """Estimates matches by the server's own statistics, and keeps the estimates for a minute; thread-safe."""

    def __init__(
        self, client: QdrantClient, alias: str, *, is_quantised: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._alias = alias
        self._quantisation = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
        self._is_quantised = is_quantised
        self._clock = clock
        self._estimates: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def params(self, query: Query) -> models.SearchParams:
        """Return the parameters of a query's search. Excluded points are few and do not change the estimate."""
        points, matches = self._estimate(Filters()), self._estimate(query.filters)
        plan = plan_search(points, matches, query.limit)
        if plan.exact:
            return models.SearchParams(exact=True)
        return models.SearchParams(
            hnsw_ef=plan.ef,
            acorn=models.AcornSearchParams(enable=True) if plan.acorn else None,
            quantization=self._quantisation if self._is_quantised else None,
        )

    def _estimate(self, filters: Filters) -> int:
        built = build_filter(filters)
        key = "" if built is None else built.model_dump_json(exclude_none=True)
        now = self._clock()
        with self._lock:
            until, kept = self._estimates.get(key, (0.0, 0))
        if now >= until:
            kept = self._client.count(self._alias, count_filter=built, exact=False).count
            with self._lock:
                if len(self._estimates) >= ESTIMATES_KEPT:
                    self._estimates.clear()
                self._estimates[key] = now + ESTIMATE_SECONDS, kept
        return kept
