"""The parameters of searches, in the requests that qdrant-client builds."""

import json

import httpx
import numpy as np
from qdrant_client import QdrantClient

from services.domain.filters import Filters, Range
from services.domain.vector_index import TRACKS, Query
from services.index.policy import OVERSAMPLING, UNFILTERED_EF
from services.index.qdrant_collections import CollectionSettings
from services.index.qdrant_planner import ESTIMATE_SECONDS, Planner
from services.index.qdrant_server import ServerIndex

FAST = Filters(ranges={"tempo": Range(min=120.0)})
VECTOR = np.eye(128, dtype=np.float32)[0]


class Server(httpx.MockTransport):
    """A server with this many points, of which this many meet any filter; it keeps the bodies of requests."""

    def __init__(self, points, matches):
        super().__init__(self._respond)
        self.points, self.matches = points, matches
        self.counts, self.searches = [], []

    def _respond(self, request):
        body = json.loads(request.content or "null")
        if request.url.path == "/aliases":
            result = {"aliases": [{"alias_name": "segue", "collection_name": "segue-1"}]}
        elif request.url.path.endswith("/count"):
            self.counts.append(body)
            result = {"count": self.matches if body.get("filter") else self.points}
        else:
            self.searches += body["searches"]
            result = [{"points": []} for _ in body["searches"]]
        return httpx.Response(200, json={"result": result, "status": "ok", "time": 0.0})


def searched(points, matches, *queries, **settings):
    server = Server(points, matches)
    client = QdrantClient(url="http://qdrant:6333", transport=server, check_compatibility=False)
    ServerIndex(client, "segue", TRACKS, settings=CollectionSettings(1, 1, **settings)).query(list(queries))
    return server


def params_of(points, matches, query, **settings):
    [search] = searched(points, matches, query, **settings).searches
    return search["params"]


def test_a_small_library_is_searched_exactly():
    """A scan of few points is as fast as the graph, and finds all."""
    assert params_of(60_000, 60_000, Query(VECTOR, 10)) == {"exact": True}


def test_without_filters_the_graph_is_searched_without_acorn():
    """Nothing disconnects the graph."""
    assert params_of(1_000_000, 0, Query(VECTOR, 10)) == {"hnsw_ef": UNFILTERED_EF}


def test_wide_filters_use_acorn_and_narrow_ones_compare_all_matches():
    """The estimate of the matches decides."""
    wide = params_of(1_000_000, 350_000, Query(VECTOR, 10, FAST))
    narrow = params_of(1_000_000, 25_000, Query(VECTOR, 10, FAST))

    assert wide["acorn"] == {"enable": True}
    assert wide["hnsw_ef"] >= UNFILTERED_EF
    assert narrow == {"exact": True}


def test_quantised_vectors_are_scored_again():
    """More candidates than wanted come from the quantised vectors, and the original ones choose among them."""
    found = params_of(1_000_000, 0, Query(VECTOR, 10), quantisation="int8")

    assert found["quantization"] == {"rescore": True, "oversampling": OVERSAMPLING}


def test_each_filter_is_estimated_once_per_minute():
    """Excluded points do not count; after a minute the estimate is renewed."""
    server, time = Server(1_000_000, 350_000), [0.0]
    client = QdrantClient(url="http://qdrant:6333", transport=server, check_compatibility=False)
    planner = Planner(client, "segue", is_quantised=False, clock=lambda: time[0])
    for _ in range(3):
        planner.params(Query(VECTOR, 10, FAST, frozenset({"a"})))
    assert [body["exact"] for body in server.counts] == [False, False]

    time[0] += ESTIMATE_SECONDS
    planner.params(Query(VECTOR, 10, FAST))
    assert len(server.counts) == 4
