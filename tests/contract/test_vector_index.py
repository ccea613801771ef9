"""The contract of a vector index, for the embedded index and a Qdrant server."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from services.domain.errors import IndexUnavailable
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS, Filters, Range, music_only
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import Hit, Point, Query
from services.index.cell_builder import build
from services.index.embedded import IvfIndex
from services.index.qdrant_collections import ONE_NODE
from services.index.qdrant_server import ServerIndex
from tests.fakes.qdrant_server import needs_server, server_index

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


def identifier(number):
    return str(UUID(int=number + 1))


def unit(*numbers):
    vector = np.zeros(EMBEDDING_DIM, dtype=np.float32)
    vector[: len(numbers)] = numbers
    return vector / np.linalg.norm(vector)


def point(number, *direction, **payload):
    return Point(identifier(number), unit(*(direction or (1.0,))), payload)


ADAPTERS = ["embedded", "server", pytest.param("real server", marks=needs_server)]


@contextmanager
def open_adapter(name, directory: Path):
    if name == "real server":
        with server_index() as opened:
            yield opened
        return
    if name == "embedded":
        directory.mkdir()
        opened = IvfIndex.create(directory)
    else:
        opened = ServerIndex(QdrantClient(":memory:"), "segue")
    yield opened
    opened.close()


@pytest.fixture(params=ADAPTERS)
def index(request, tmp_path):
    with open_adapter(request.param, tmp_path / "shard") as opened:
        yield opened


def found(index, *direction, limit=10, exclude=(), **filters):
    query = Query(unit(*(direction or (1.0,))), limit, Filters(**filters), frozenset(map(identifier, exclude)))
    return [UUID(hit.id).int - 1 for hit in index.query([query])[0]]


def test_new_index_is_empty(index):
    """A new index returns no hits, no ids and a count of 0."""
    assert index.count() == 0
    assert found(index) == []
    assert list(index.ids()) == []


def test_upserted_points_are_found(index):
    """A point can be found, counted and listed as soon as upsert returns; its score is the cosine."""
    index.upsert([point(0, 1.0), point(1, 3.0, 4.0)])

    assert index.count() == 2
    assert set(index.ids()) == {identifier(0), identifier(1)}
    hits = index.query([Query(unit(1.0), 10)])[0]
    assert [hit.id for hit in hits] == [identifier(0), identifier(1)]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6], abs=1e-6)


def test_score_stays_within_cosine_bounds(index):
    """Rounding never gives a score above 1."""
    vector = unit(*np.random.default_rng(3).normal(size=EMBEDDING_DIM))
    index.upsert([Point(identifier(0), vector, {})])

    assert index.query([Query(vector, 1)]) == [[Hit(identifier(0), pytest.approx(1.0, abs=1e-6))]]
    assert index.query([Query(vector, 1)])[0][0].score <= 1.0


def test_upsert_replaces_vector_and_payload(index):
    """A second upsert of an id replaces vector and payload, and removes fields that it lacks."""
    index.upsert([point(0, 1.0, tempo=90.0, genre="jazz")])
    index.upsert([point(0, 0.0, 1.0, tempo=140.0)])

    assert index.count() == 1
    assert index.query([Query(unit(0.0, 1.0), 1)])[0][0].score == pytest.approx(1.0, abs=1e-6)
    assert found(index, ranges={"tempo": Range(130, 150)}) == [0]
    assert found(index, ranges={"tempo": Range(80, 100)}) == []
    assert found(index, any_of={"genre": ("jazz",)}) == []


def test_deleted_points_are_gone(index):
    """A deleted point is neither found nor counted; deleting an unknown id is no error."""
    index.upsert([point(0), point(1)])
    index.delete([identifier(0), identifier(7)])
    index.delete([])

    assert index.count() == 1
    assert found(index) == [1]


def test_order_is_best_first_and_ties_by_id(index):
    """Hits are sorted by descending score, then by id, whatever the order of insertion."""
    index.upsert([point(4), point(2), point(9, 1.0, 0.5), point(0, 1.0, 1.0), point(3)])

    assert found(index) == [2, 3, 4, 9, 0]


def test_limit(index):
    """A query returns at most `limit` hits, or all points if there are fewer."""
    index.upsert([point(number, 1.0, number / 10) for number in range(5)])

    assert found(index, limit=2) == [0, 1]
    assert found(index, limit=500) == [0, 1, 2, 3, 4]


def test_excluded_ids_do_not_use_up_the_limit(index):
    """Excluded points are left out inside the index, so the limit is still reached."""
    index.upsert([point(number, 1.0, number / 10) for number in range(5)])

    assert found(index, limit=2, exclude=(0, 2, 77)) == [1, 3]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Range(min=100.0), [1, 2]),
        (Range(max=100.0), [0, 1]),
        (Range(min=100.0, max=100.0), [1]),
        (Range(min=100.0, max=119.9), [1]),
        (Range(min=130.0, max=90.0), []),
        (Range(), [0, 1, 2]),
    ],
)
def test_ranges_are_inclusive_and_null_matches_none(index, wanted, expected):
    """A range includes both ends, either end may be open, and a point without the field never matches."""
    index.upsert(
        [
            point(0, 1.0, 0.0, tempo=80.0),
            point(1, 1.0, 0.1, tempo=100),
            point(2, 1.0, 0.2, tempo=120.0),
            point(3, 1.0, 0.3),
            point(4, 1.0, 0.4, tempo=None),
        ]
    )

    assert found(index, ranges={"tempo": wanted}) == expected


@pytest.mark.parametrize("name", RANGE_FIELDS)
def test_every_numeric_field_can_be_filtered(index, name):
    """A range on each numeric field filters a query."""
    index.upsert([point(0, 1.0, **{name: 1}), point(1, 1.0, **{name: 0.25})])

    assert found(index, ranges={name: Range(min=0.5)}) == [0]


@pytest.mark.parametrize("name", KEYWORD_FIELDS)
def test_every_keyword_field_matches_any_of_its_values(index, name):
    """A keyword field matches any of the given values, case-insensitively; an empty list matches nothing."""
    index.upsert([point(0, **{name: "ambient"}), point(1, **{name: "straße"}), point(2, **{name: "rock"}), point(3)])

    assert found(index, any_of={name: ("Ambient", "STRASSE")}) == [0]
    assert found(index, any_of={name: ("rock", "ambient")}) == [0, 2]
    assert found(index, any_of={name: ()}) == []


def test_own_features_can_be_filtered(index):
    """A field that some points have and no list names; one that no point has matches none."""
    index.upsert([point(0, **{"mine.energy": 0.8, "mine.mood": ["calm"]}), point(1, **{"mine.energy": 0.2}), point(2)])

    assert found(index, ranges={"mine.energy": Range(min=0.5)}) == [0]
    assert found(index, ranges={"mine.energy": Range()}) == [0, 1]
    assert found(index, ranges={"mine.energy": Range(max=0.5)}, or_unknown=frozenset({"mine.energy"})) == [1, 2]
    assert found(index, any_of={"mine.mood": ("CALM", "wild")}) == [0]
    assert found(index, ranges={"mine.other": Range()}) == []
    assert found(index, any_of={"mine.other": ("calm",)}) == []


def test_hits_meet_all_conditions(index):
    """Ranges, keywords and exclusions are combined with AND."""
    index.upsert(
        [
            point(0, tempo=120.0, year=1999, genre="rock"),
            point(1, tempo=120.0, year=1999, genre="rock"),
            point(2, tempo=120.0, year=1989, genre="rock"),
            point(3, tempo=70.0, year=1999, genre="rock"),
            point(4, tempo=120.0, year=1999, genre="folk"),
        ]
    )

    narrowed = {"ranges": {"tempo": Range(100, 130), "year": Range(min=1990)}, "any_of": {"genre": ("rock",)}}
    assert found(index, exclude=(1,), **narrowed) == [0]


def test_a_genre_is_excluded_and_one_that_is_heard_if_the_file_names_none(index):
    """As `Filters.admit` does it."""
    payloads = [
        {"genre": ["jazz"], "tags": ["rock"]},
        {"genre": ["rock"]},
        {"genre": ["jazz", "rock"], "tags": ["jazz"]},
        {"tags": ["rock", "calm"]},
        {"tags": ["calm"]},
        {},
    ]
    index.upsert([point(number, **payload) for number, payload in enumerate(payloads)])
    unwanted = Filters(none_of={"genre": ("Rock",)})

    assert found(index, none_of=unwanted.none_of) == [0, 4, 5]
    assert [number for number, payload in enumerate(payloads) if unwanted.admit({}, payload)] == [0, 4, 5]


def test_fragments_are_excluded(index):
    """A point without the field is music."""
    index.upsert([point(0, fragment=["intro"]), point(1), point(2, fragment=["speech"])])

    assert found(index) == [0, 1, 2]
    assert found(index, none_of=music_only(Filters()).none_of) == [1]


def test_a_batch_gives_the_results_of_single_queries(index):
    """A batch returns the results of its queries in order; an empty batch returns an empty list."""
    index.upsert([point(number, 1.0, number / 3, tempo=60.0 + number) for number in range(20)])
    queries = [
        Query(unit(1.0), 3),
        Query(unit(0.0, 1.0), 5, Filters(ranges={"tempo": Range(65, 70)})),
        Query(unit(1.0, 1.0), 4, exclude=frozenset({identifier(3)})),
    ]

    assert index.query(queries) == [index.query([query])[0] for query in queries]
    assert index.query([]) == []


@pytest.mark.parametrize(
    "vector",
    [
        np.full(EMBEDDING_DIM, np.nan, dtype=np.float32),
        np.full(EMBEDDING_DIM, np.inf, dtype=np.float32),
        np.zeros(EMBEDDING_DIM, dtype=np.float32),
        unit(1.0) * np.float32(1.01),
        unit(1.0)[:-1],
        np.stack([unit(1.0), unit(1.0)]),
    ],
    ids=["nan", "infinite", "zero", "too long", "short", "two rows"],
)
def test_an_invalid_vector_is_refused_with_its_id(index, vector):
    """Anything but a finite unit vector raises a ValueError with its id, and no point of the batch is written."""
    with pytest.raises(ValueError, match=identifier(1)):
        index.upsert([point(0), Point(identifier(1), vector, {})])
    index.upsert([point(2)])
    with pytest.raises(ValueError, match="the query"):
        index.query([Query(vector, 3)])

    assert index.count() == 1


LONG = 400


def long_point(number):
    drawn = np.random.default_rng(number).normal(size=LONG)
    return Point(identifier(number), (drawn / np.linalg.norm(drawn)).astype(np.float32), {"tempo": 60.0 + number})


def long_hits(index):
    assert index.dimension == LONG
    queries = [Query(long_point(number).vector, 1, Filters(ranges={"tempo": Range(60, 200)})) for number in range(40)]
    return [hit.id for [hit] in index.query(queries)]


def test_vectors_of_another_length_survive_a_restart_and_a_build(tmp_path):
    """The embedded index learns the length from its points, from its journal and from its files."""
    points, ids = [long_point(number) for number in range(40)], [identifier(number) for number in range(40)]
    (tmp_path / "first").mkdir()
    index = IvfIndex.create(tmp_path / "first")
    index.upsert(points)
    with pytest.raises(ValueError, match=identifier(99)):
        index.upsert([point(99)])
    fresh = long_hits(index)
    index.close()
    loaded = IvfIndex.load(tmp_path / "first")
    (tmp_path / "second").mkdir()
    build(tmp_path / "second", [points])
    built = IvfIndex.create(tmp_path / "second")

    assert fresh == long_hits(loaded) == long_hits(built) == ids
    with pytest.raises(ValueError, match="the query"):
        built.query([Query(unit(1.0), 1)])


def test_a_server_is_told_the_length_of_the_vectors():
    """A collection is created for the vectors of its space, and refuses others."""
    index = ServerIndex(QdrantClient(":memory:"), "segue", settings=replace(ONE_NODE, dimension=LONG))
    index.upsert([long_point(number) for number in range(40)])

    assert long_hits(index) == [identifier(number) for number in range(40)]
    with pytest.raises(ValueError, match=identifier(99)):
        index.upsert([point(99)])


SIZE = 240
GENRES = ("ambient", "rock", "folk")
FILTERS = (
    Filters(ranges={"tempo": Range(80, 120)}),
    Filters(ranges={"tempo": Range(max=100)}, or_unknown=frozenset({"tempo"})),
    Filters(any_of={"genre": ("rock", "folk")}, ranges={"year": Range(min=1990)}),
    Filters(none_of={"genre": ("rock",)}),
    Filters(ranges={"mine.energy": Range(min=0.5)}, any_of={"mine.mood": ("calm",)}),
)


def library():
    """Clustered vectors with some duplicates and some missing fields."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(6, EMBEDDING_DIM))
    vectors = centres[rng.integers(6, size=SIZE)] + 0.6 * rng.normal(size=(SIZE, EMBEDDING_DIM))
    vectors[1::40] = vectors[0::40]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for number, vector in enumerate(vectors.astype(np.float32)):
        payload = {"tempo": float(60 + number % 90), "year": 1950 + number % 70, "genre": GENRES[number % 3]}
        if number % 7 == 0:
            payload.pop("tempo")
        if number % 11 == 0:
            payload.pop("genre")
        if number % 3 == 0:
            payload |= {"mine.energy": number / SIZE, "mine.mood": ["calm" if number % 2 else "wild"]}
        yield Point(identifier(number), vector, payload)


POINTS = list(library())


@pytest.fixture(scope="module", params=ADAPTERS)
def stocked(request, tmp_path_factory):
    with open_adapter(request.param, tmp_path_factory.mktemp("stocked") / "shard") as opened:
        opened.upsert(POINTS)
        yield opened


def brute_force(query):
    """Return the score of every matching point, computed by numpy."""

    def allowed(candidate):
        tempo, genre = candidate.payload.get("tempo"), candidate.payload.get("genre")
        interval, genres = query.filters.ranges.get("tempo"), query.filters.any_of.get("genre")
        return (
            candidate.id not in query.exclude
            and (interval is None or (tempo is not None and (interval.min or 0) <= tempo <= (interval.max or 1e9)))
            and (genres is None or genre in genres)
        )

    return {kept.id: float(kept.vector @ query.vector) for kept in POINTS if allowed(kept)}


bounds = st.none() | st.floats(50, 160)
queries = st.builds(
    lambda seed, limit, interval, genres, excluded: Query(
        unit(*np.random.default_rng(seed).normal(size=EMBEDDING_DIM)),
        limit,
        Filters(
            ranges={} if interval is None else {"tempo": Range(*interval)},
            any_of={} if genres is None else {"genre": tuple(genres)},
        ),
        frozenset(map(identifier, excluded)),
    ),
    st.integers(0, 2**32 - 1),
    st.integers(1, SIZE + 10),
    st.none() | st.tuples(bounds, bounds),
    st.none() | st.sets(st.sampled_from((*GENRES, "polka"))),
    st.sets(st.integers(0, SIZE + 5), max_size=60),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(batch=st.lists(queries, min_size=1, max_size=3))
def test_agrees_with_brute_force(stocked, batch):
    """Every query returns the scores that a comparison with every point gives."""
    for query, hits in zip(batch, stocked.query(batch), strict=True):
        truth = brute_force(query)
        best = sorted(truth.values(), reverse=True)[: query.limit]

        assert [hit.score for hit in hits] == pytest.approx(best, abs=1e-5)
        assert [truth[hit.id] for hit in hits] == pytest.approx(best, abs=1e-5)
        assert len({hit.id for hit in hits}) == len(hits)


def test_ids_contain_every_point_once(stocked):
    """`ids` yields every id exactly once."""
    assert list(stocked.ids()) == sorted(kept.id for kept in POINTS)


def test_embedded_keeps_points_when_reopened(tmp_path):
    """A reopened index has all upserted points without the deleted ones."""
    index = IvfIndex.create(tmp_path)
    index.upsert(POINTS)
    index.delete([POINTS[0].id])
    index.close()

    reopened = IvfIndex.load(tmp_path)

    assert reopened.count() == SIZE - 1
    assert reopened.query([Query(POINTS[5].vector, 1)])[0][0].id == POINTS[5].id


def built(directory, batches):
    """Build an index of points, and load it."""
    directory.mkdir()
    assert build(directory, batches) == sum(map(len, batches))
    IvfIndex.create(directory).close()
    return IvfIndex.load(directory)


def test_cells_give_the_same_results(tmp_path):
    """An index whose points are in cells has the ids, scores and counts of one whose points are not."""
    plain = IvfIndex.create(tmp_path / "plain")
    plain.upsert(POINTS)
    index = built(tmp_path / "built", [POINTS[:100], [], POINTS[100:]])
    wanted = [Query(kept.vector, 10, each) for kept in POINTS[:20] for each in (Filters(), *FILTERS)]

    assert (plain.unindexed(), index.unindexed()) == (SIZE, 0)
    assert list(index.ids()) == list(plain.ids())
    for filters in FILTERS:
        assert index.count_matching(filters) == plain.count_matching(filters)
    for old, new in zip(plain.query(wanted), index.query(wanted), strict=True):
        assert [hit.score for hit in new] == pytest.approx([hit.score for hit in old], abs=1e-5)


def test_changes_after_a_build(tmp_path):
    """Points of a build can be replaced and deleted, and new ones are found beside them, also after a restart."""
    index = built(tmp_path / "built", [POINTS])
    index.delete([POINTS[0].id, identifier(SIZE + 7)])
    index.upsert([Point(POINTS[1].id, -POINTS[1].vector, {"genre": "polka"}), point(SIZE, genre="polka")])
    index.close()
    index = IvfIndex.load(tmp_path / "built")

    assert index.count() == SIZE
    assert list(index.ids()) == sorted([*(kept.id for kept in POINTS[1:]), identifier(SIZE)])
    assert set(found(index, any_of={"genre": ("polka",)})) == {1, SIZE}
    assert index.query([Query(POINTS[0].vector, 1)])[0][0].id != POINTS[0].id
    assert index.query([Query(-POINTS[1].vector, 1)])[0][0].id == POINTS[1].id
    excluded = frozenset({identifier(SIZE), POINTS[5].id})
    assert index.count_matching(Filters(), excluded) == SIZE - 2
    assert [
        hit.id for hit in index.query([Query(POINTS[5].vector, SIZE, exclude=excluded)])[0] if hit.id in excluded
    ] == []


def test_an_incomplete_record_is_dropped(tmp_path):
    """A write that a crash cut short is not there after the restart; the ones before and after it are."""
    index = IvfIndex.create(tmp_path / "index")
    index.upsert([point(0)])
    index.upsert([point(1)])
    index.close()
    journal = tmp_path / "index" / "journal"
    journal.write_bytes(journal.read_bytes()[:-1])

    index = IvfIndex.load(tmp_path / "index")
    index.upsert([point(2)])
    index.close()

    assert list(IvfIndex.load(tmp_path / "index").ids()) == [identifier(0), identifier(2)]


def test_embedded_is_thread_safe(tmp_path):
    """With concurrent threads, every write is stored and no query fails."""
    index = IvfIndex.create(tmp_path)
    failures = []

    def write(first):
        for number in range(first, first + 20):
            try:
                index.upsert([point(number, 1.0, number / 100)])
                index.query([Query(unit(1.0), 5)])
            except Exception as error:  # noqa: BLE001  a thread's failure must reach the test
                failures.append(error)

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert index.count() == 60


def test_embedded_index_that_does_not_exist(tmp_path):
    """Loading a directory without an index raises IndexUnavailable with its path."""
    with pytest.raises(IndexUnavailable, match=str(tmp_path / "none")):
        IvfIndex.load(tmp_path / "none")


def test_server_that_refuses_connections():
    """Every call to a server that is down raises IndexUnavailable."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        index = ServerIndex.connect([f"http://127.0.0.1:{reserved.getsockname()[1]}"], None, "segue")
        for call in (index.count, lambda: index.query([Query(unit(1.0), 1)]), lambda: index.upsert([point(0)])):
            with pytest.raises(IndexUnavailable):
                call()


def test_server_that_does_not_respond():
    """A call to a server that accepts connections but does not respond times out."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        index = ServerIndex.connect([url], None, "segue", timeout=1)
        with pytest.raises(IndexUnavailable, match="timed out"):
            index.count()


def test_matching_points_are_counted(index):
    """The count includes points that meet all conditions and are not excluded."""
    index.upsert([point(number, tempo=80.0 + number, genre="jazz" if number % 2 else "folk") for number in range(6)])
    fast = Filters(ranges={"tempo": Range(min=82)})

    assert index.count_matching(Filters()) == 6
    assert index.count_matching(fast) == 4
    assert index.count_matching(fast, frozenset({identifier(0), identifier(5)})) == 3
    assert index.count_matching(Filters(ranges=fast.ranges, any_of={"genre": ("Jazz",)})) == 2


def test_a_range_may_include_points_without_the_field(index):
    """A point without a field meets ranges of fields in `or_unknown`, and no other ranges."""
    index.upsert([point(0, liveness=0.1), point(1, liveness=0.9), point(2), point(3, tempo=90.0)])
    quiet = {"liveness": Range(max=0.5)}

    assert found(index, ranges=quiet) == [0]
    assert found(index, ranges=quiet, or_unknown=frozenset({"liveness", "energy"})) == [0, 2, 3]
    assert found(index, ranges={**quiet, "tempo": Range(min=80)}, or_unknown=frozenset({"liveness"})) == [3]
