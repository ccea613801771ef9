"""From the catalogue to the vector index, with real SQLite, the real embedded index and real child processes."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from qdrant_client import QdrantClient
from sqlalchemy import text, update
from structlog.testing import capture_logs

from services.catalog.database import now
from services.catalog.tables import TrackRow
from services.domain.errors import AlreadyRunning, IndexUnavailable
from services.domain.filters import Filters, Range
from services.domain.track import EMBEDDING_DIM, TrackStatus
from services.domain.vector_index import Point, Query
from services.index import build_cost, keeper
from services.index.embedded import IvfIndex
from services.index.generations import NEVER_BUILT, Generations
from services.index.indexer import Indexer
from services.index.indexer_thread import IndexerThread
from services.index.qdrant_server import ServerIndex
from services.index.rebuilding import rebuild
from tests.fakes.installation import wait_until
from tests.fakes.rows import write_tracks

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


def identifier(number):
    return str(UUID(int=number + 1))


def embedding(number):
    vector = np.random.default_rng(number).normal(size=EMBEDDING_DIM)
    return (vector / np.linalg.norm(vector)).astype("<f4")


def add(catalogue, *numbers, **changes):
    """Add analysed tracks to the catalogue, marked for the index."""
    rows = [
        {
            "id": identifier(number),
            "title": f"Track {number}",
            "status": TrackStatus.READY,
            "attempts": 1,
            "embedding": embedding(number).tobytes(),
            "tempo": 60.0 + number % 100,
            "energy": 0.5,
            "artist": "Boards of Canada",
            "revision": 1,
            "index_pending": True,
            "added_at": now(),
        }
        | changes
        for number in numbers
    ]
    with catalogue.database.write() as session:
        write_tracks(session, rows)


def change(catalogue, number, **values):
    """Change a track as the stores do, with a new revision and a mark."""
    with catalogue.database.write() as session:
        session.execute(
            update(TrackRow)
            .where(TrackRow.id == identifier(number))
            .values(index_pending=True, revision=TrackRow.revision + 1, **values)
        )


def nearest(index, number, limit=1, **filters):
    hits = index.query([Query(embedding(number), limit, Filters(**filters))])[0]
    return [UUID(hit.id).int - 1 for hit in hits]


@pytest.fixture
def index(tmp_path):
    opened = IvfIndex.create(tmp_path / "index")
    yield opened
    opened.close()


@contextlib.contextmanager
def serving(catalogue, root: Path, **options):
    """Run the embedded index and its indexer as the API process does."""
    generations = Generations(root)
    indexer = IndexerThread(catalogue, generations, interval=0.02, **options)
    indexer.start()
    try:
        yield generations, indexer
    finally:
        indexer.stop()
        generations.close()


def up_to_date(catalogue, generations):
    return generations.generation == catalogue.indexing.generation() and catalogue.indexing.count_pending() == 0


# A child process builds an index that has a few new points.
IN_CHILD = {"child_threshold": 1000, "unindexed_points": 200}


def directories(root):
    return [path.name for path in root.glob("*-*") if path.is_dir()]


def test_marked_track_becomes_searchable(catalogue, index):
    """After one pass a marked track is found, also by its fields, and its mark is cleared."""
    add(catalogue, 1, 2)

    assert Indexer(catalogue.indexing, index).index_once() == 2
    assert nearest(index, 2) == [2]
    assert nearest(index, 1, 5, ranges={"tempo": Range(62, 63)}, any_of={"artist": ("BOARDS OF CANADA",)}) == [2]
    assert catalogue.indexing.count_pending() == 0
    assert Indexer(catalogue.indexing, index).index_once() == 0


def test_batches_are_bounded(catalogue, index):
    """One pass indexes at most `limit` tracks; the next pass continues."""
    add(catalogue, *range(7))
    indexer = Indexer(catalogue.indexing, index)

    assert [indexer.index_once(3) for _ in range(4)] == [3, 3, 1, 0]
    assert index.count() == 7


class ChangedDuringWrites(IvfIndex):
    """A real index that calls a function after each write."""

    meanwhile = staticmethod(lambda: None)

    def upsert(self, points):
        super().upsert(points)
        self.meanwhile()


def test_change_during_indexing_keeps_the_mark(catalogue, tmp_path):
    """A track that changes between being read and being written is indexed again."""
    index = ChangedDuringWrites.create(tmp_path / "shard")
    index.meanwhile = lambda: change(catalogue, 1, embedding=embedding(50).tobytes())
    add(catalogue, 1, 2)
    indexer = Indexer(catalogue.indexing, index)

    indexer.index_once()
    assert [pending.id for pending in catalogue.indexing.pending(10)] == [identifier(1)]

    index.meanwhile = lambda: None
    assert indexer.index_once() == 1
    assert nearest(index, 50) == [1]


@pytest.mark.parametrize("status", [TrackStatus.MISSING, TrackStatus.FAILED, TrackStatus.QUARANTINED])
def test_track_that_is_not_ready_leaves_the_index(catalogue, index, status):
    """A track that stops being ready is deleted from the index."""
    add(catalogue, 1, 2)
    indexer = Indexer(catalogue.indexing, index)
    indexer.index_once()
    change(catalogue, 1, status=status)

    indexer.index_once()

    assert list(index.ids()) == [identifier(2)]
    assert catalogue.indexing.count_pending() == 0


def test_mark_stays_when_the_index_is_unavailable(catalogue):
    """If the server is down, marks are kept for the next pass."""
    add(catalogue, 1)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        down = ServerIndex.connect([f"http://127.0.0.1:{reserved.getsockname()[1]}"], None, "segue")
        with pytest.raises(IndexUnavailable):
            Indexer(catalogue.indexing, down).index_once()

    assert catalogue.indexing.count_pending() == 1


def test_thread_indexes_marked_tracks(catalogue, tmp_path):
    """While the service runs, a marked track becomes searchable without a command."""
    with serving(catalogue, tmp_path / "index") as (generations, indexer):
        wait_until(lambda: indexer.problem is None)
        add(catalogue, 1)

        wait_until(lambda: generations.index.count() == 1)
        assert nearest(generations.index, 1) == [1]
        wait_until(lambda: catalogue.indexing.count_pending() == 0)
    assert indexer.problem == "The indexer does not run."


def test_restart_loads_the_index(catalogue, tmp_path):
    """After a restart the index is loaded from its directory and not rebuilt."""
    add(catalogue, *range(5))
    with serving(catalogue, tmp_path / "index") as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
    before = directories(tmp_path / "index")

    generations = Generations(tmp_path / "index")

    assert generations.generation == catalogue.indexing.generation()
    assert generations.index.count() == 5
    assert directories(tmp_path / "index") == before
    generations.close()


@pytest.mark.parametrize("threshold", [1_000_000, 100], ids=["in process", "child process"])
def test_reindex_swaps_during_queries(catalogue, tmp_path, threshold):
    """A new generation is built beside the old one; queries succeed throughout, and later changes are included."""
    add(catalogue, *range(1200))
    root = tmp_path / "index"
    with serving(catalogue, root, child_threshold=threshold) as (generations, indexer):
        wait_until(lambda: up_to_date(catalogue, generations))
        answers, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                answers.append(nearest(generations.index, 7))

        asking = threading.Thread(target=ask)
        asking.start()
        catalogue.indexing.rebuild()
        wait_until(lambda: any(name.startswith("2-") for name in directories(root)))
        add(catalogue, *range(1200, 1230))
        for number in range(5):
            change(catalogue, number, status=TrackStatus.MISSING)
        wait_until(lambda: up_to_date(catalogue, generations))
        stop.set()
        asking.join()

        assert generations.generation == 2
        assert set(map(tuple, answers)) == {(7,)}
        expected = {identifier(number) for number in range(5, 1230)}
        assert set(generations.index.ids()) == expected
        assert indexer.problem is None
        wait_until(lambda: len(directories(root)) == 1)


def test_child_process_builds_cells_with_the_same_results(catalogue, tmp_path):
    """An index with too many new points gets its cells from a child process, and returns the same hits as before."""
    with serving(catalogue, tmp_path / "index") as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
        add(catalogue, *range(1500))
        wait_until(lambda: up_to_date(catalogue, generations))
        exact = [nearest(generations.index, number, 10) for number in range(40)]
        assert generations.index.unindexed() == 1500

    with serving(catalogue, tmp_path / "index", **IN_CHILD) as (generations, indexer):
        wait_until(lambda: generations.index.unindexed() == 0)

        assert [nearest(generations.index, number, 10) for number in range(40)] == exact
        assert indexer.problem is None

        add(catalogue, *range(1500, 2000))
        wait_until(lambda: generations.index.count() == 2000 and generations.index.unindexed() == 0)
        assert nearest(generations.index, 1999) == [1999]


def running_build(indexer):
    """Return the build that runs in a child process; None if none does."""
    [kept] = indexer._keepers.values()
    return kept._running


def test_killed_build_is_discarded(catalogue, tmp_path):
    """A build whose process is killed leaves no directory; the old index serves, and the problem is reported."""
    add(catalogue, *range(1500))
    root = tmp_path / "index"
    with serving(catalogue, root) as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
    catalogue.indexing.rebuild()
    with serving(catalogue, root, **IN_CHILD) as (generations, indexer), capture_logs() as logs:
        wait_until(lambda: running_build(indexer) is not None)
        running_build(indexer).child.kill()

        wait_until(lambda: any("ended with code -9" in entry.get("reason", "") for entry in logs))
        wait_until(lambda: running_build(indexer) is None)
        assert len(directories(root)) == 1
        assert nearest(generations.index, 3) == [3]
        (report,) = catalogue.index_builds.all()
        assert "ended with code -9" in report.problem


def test_build_without_memory_is_refused(catalogue, tmp_path, monkeypatch):
    """The old index serves, the reason is reported, and the build runs once there is memory."""
    add(catalogue, *range(150))
    root = tmp_path / "index"
    monkeypatch.setattr(keeper, "BUILD_RETRY_SECONDS", 0.1)
    with serving(catalogue, root, child_threshold=100) as (generations, indexer):
        wait_until(lambda: up_to_date(catalogue, generations))
        with monkeypatch.context() as short:
            short.setattr(build_cost, "MEMORY_PER_POINT", 10**15)
            catalogue.indexing.rebuild()
            wait_until(lambda: indexer.problem is not None)
            assert "MB of memory" in indexer.problem
            assert "MB of memory" in catalogue.index_builds.all()[0].problem
            assert nearest(generations.index, 3) == [3]
        wait_until(lambda: up_to_date(catalogue, generations))
        wait_until(lambda: indexer.problem is None)
        wait_until(lambda: catalogue.index_builds.served("tracks") == 2)
        assert catalogue.index_builds.all() == []


@pytest.mark.parametrize("threshold", [1_000_000, 100], ids=["in process", "child process"])
def test_lost_directory_is_rebuilt(catalogue, tmp_path, threshold):
    """If the index directory was deleted, the next start rebuilds it from the catalogue."""
    add(catalogue, *range(300))
    root = tmp_path / "index"
    with serving(catalogue, root) as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
    shutil.rmtree(root)

    with serving(catalogue, root, child_threshold=threshold) as (generations, indexer):
        wait_until(lambda: indexer.problem is None)
        assert generations.index.count() == 300


@pytest.mark.parametrize("file", ["vectors.npy", "keywords.json", "numbers.npy", "journal", "starts.npy"])
def test_damaged_index_is_rebuilt(catalogue, tmp_path, file):
    """An index that does not load is rebuilt from the catalogue."""
    add(catalogue, *range(30))
    root = tmp_path / "index"
    with serving(catalogue, root) as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
    (directory,) = root.glob("1-*")
    if file == "journal":
        (directory / file).unlink()
    else:
        (directory / file).write_bytes(b"garbage")

    with serving(catalogue, root) as (generations, indexer):
        assert generations.generation == NEVER_BUILT or indexer.problem is None
        wait_until(lambda: indexer.problem is None)
        assert generations.index.count() == 30


def test_index_that_lost_points_is_rebuilt(catalogue, tmp_path):
    """An index that loads without an error but lacks points is rebuilt."""
    with serving(catalogue, tmp_path / "index") as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
        add(catalogue, *range(30))
        wait_until(lambda: up_to_date(catalogue, generations))
    (journal,) = (tmp_path / "index").glob("1-*/journal")
    journal.write_bytes(b"garbage")

    with serving(catalogue, tmp_path / "index") as (generations, _):
        wait_until(lambda: generations.index.count() == 30)


def test_leftovers_of_unfinished_builds_are_deleted(tmp_path):
    """The next start deletes the directory of an interrupted build."""
    generations = Generations(tmp_path)
    IvfIndex.create(generations.prepare(5).path).close()
    generations.close()
    assert len(directories(tmp_path)) == 2

    Generations(tmp_path).close()

    assert [name.partition("-")[0] for name in directories(tmp_path)] == ["0"]


def test_second_process_is_refused(tmp_path):
    """A second process on the same directory raises AlreadyRunning and damages nothing."""
    generations = Generations(tmp_path)
    with pytest.raises(AlreadyRunning, match=str(tmp_path)):
        Generations(tmp_path)

    assert generations.index.count() == 0
    generations.close()
    Generations(tmp_path).close()


def test_thread_survives_a_catalogue_that_fails(catalogue, tmp_path):
    """While the catalogue raises errors the thread waits and reports the problem; afterwards it continues."""
    with serving(catalogue, tmp_path / "index") as (generations, indexer):
        wait_until(lambda: indexer.problem is None)
        with catalogue.database.write() as session:
            session.execute(text("ALTER TABLE tracks RENAME TO elsewhere"))
        wait_until(lambda: indexer.problem is not None)
        assert "no such table" in indexer.problem
        with catalogue.database.write() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO tracks"))
        add(catalogue, 1)

        wait_until(lambda: generations.index.count() == 1)
        wait_until(lambda: indexer.problem is None)


def test_stop_ends_a_build_in_progress(catalogue, tmp_path):
    """Stopping during a build kills the child and keeps the old index."""
    add(catalogue, *range(1500))
    root = tmp_path / "index"
    with serving(catalogue, root) as (generations, _):
        wait_until(lambda: up_to_date(catalogue, generations))
    catalogue.indexing.rebuild()
    with serving(catalogue, root, **IN_CHILD) as (_, indexer):
        wait_until(lambda: running_build(indexer) is not None)
        child = running_build(indexer).child
        indexer.stop()

        assert not indexer._thread.is_alive()
        assert child.returncode == -signal.SIGKILL
    assert len(directories(root)) == 1


WRITER = """
import sys
from pathlib import Path
import numpy as np
from uuid import UUID
from services.index.embedded import IvfIndex
from services.domain.vector_index import Point
from tests.fakes.rows import write_tracks

index = IvfIndex.create(Path(sys.argv[1]))
for number in range(100_000):
    vector = np.random.default_rng(number).normal(size=128)
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    index.upsert([Point(str(UUID(int=number + 1)), unit, {"tempo": 100.0})])
    print(number, flush=True)
"""


def test_kill_during_upserts_keeps_acknowledged_points(tmp_path):
    """After kill -9 during writes, every point whose upsert had returned is stored and found."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "index")], stdout=subprocess.PIPE, text=True
    )
    for line in writer.stdout:
        if int(line) == 60:
            break
    writer.kill()
    acknowledged = [*range(61), *(int(line) for line in writer.stdout.read().split())]
    writer.wait()

    index = IvfIndex.load(tmp_path / "index")

    assert {identifier(number) for number in acknowledged} <= set(index.ids())
    assert nearest(index, acknowledged[-1]) == [acknowledged[-1]]
    assert nearest(index, 3, ranges={"tempo": Range(100, 100)}) == [3]


def test_server_rebuild_moves_the_alias(catalogue):
    """On a server a rebuild fills a new collection, moves the alias and deletes the old collection."""
    client = QdrantClient(":memory:")
    index = ServerIndex(client, "segue")
    add(catalogue, *range(20))
    change(catalogue, 0, status=TrackStatus.MISSING)
    assert index.generation() == NEVER_BUILT

    assert rebuild(catalogue.indexing, index, catalogue.index_builds) == 19
    assert rebuild(catalogue.indexing, index, catalogue.index_builds) == 0
    catalogue.indexing.rebuild()
    assert rebuild(catalogue.indexing, index, catalogue.index_builds) == 19

    assert index.generation() == 2
    (collection,) = client.get_collections().collections
    assert collection.name.startswith("segue-2_")
    assert index.count() == 19
    assert nearest(index, 5) == [5]


def test_server_rebuild_misses_no_change(catalogue):
    """Tracks that other processes index during a rebuild are in the new collection, in their newest state."""
    client = QdrantClient(":memory:")
    other = ServerIndex(client, "segue")

    class Busy(ServerIndex):
        """A server index where another process changes and indexes tracks before the first write."""

        passes = 0

        def upsert_into(self, collection, points):
            self.passes += 1
            if self.passes == 1:
                change(catalogue, 3, embedding=embedding(103).tobytes())
                change(catalogue, 4, status=TrackStatus.MISSING)
                add(catalogue, 900)
                Indexer(catalogue.indexing, other).index_once()
            super().upsert_into(collection, points)

    add(catalogue, *range(10))
    index = Busy(client, "segue")
    rebuild(catalogue.indexing, index, catalogue.index_builds)

    assert set(index.ids()) == {identifier(number) for number in (0, 1, 2, 3, 5, 6, 7, 8, 9, 900)}
    assert nearest(index, 103) == [3]


def test_server_rebuild_reports_its_progress(catalogue):
    """While it fills there is a report; a failure is its problem, and the next rebuild cleans up and settles."""
    client = QdrantClient(":memory:")
    add(catalogue, *range(400))  # one batch, because the local mode is not thread-safe
    reports = []

    class Failing(ServerIndex):
        """A server index whose graph cannot be built."""

        def start_graph(self, collection):
            reports.extend(catalogue.index_builds.all())
            raise IndexUnavailable(f"no space for {collection}")

    with pytest.raises(IndexUnavailable):
        rebuild(catalogue.indexing, Failing(client, "segue"), catalogue.index_builds)
    [left] = catalogue.index_builds.all()
    assert [(report.collection, report.total, report.is_running) for report in reports] == [("tracks", 400, True)]
    assert "no space" in left.problem

    index = ServerIndex(client, "segue")
    assert len(index._collections()) == 2
    assert rebuild(catalogue.indexing, index, catalogue.index_builds) == index.count() == 400
    assert index._collections() == [index.served()]
    assert catalogue.index_builds.all() == []
    assert catalogue.index_builds.served("tracks") == 1


def test_a_collection_that_a_rebuild_left_is_deleted_without_another_rebuild(catalogue):
    """A process that dies after it has moved the alias leaves a collection, which would receive every write."""
    index = ServerIndex(QdrantClient(":memory:"), "segue")
    index.serve(index.stage(1))
    index.stage(1)
    assert rebuild(catalogue.indexing, index, catalogue.index_builds) == 0

    assert index._collections() == [index.served()]
    assert catalogue.index_builds.served("tracks") == 1


def test_requests_are_limited_by_bytes():
    """Points with long payloads are written in several requests."""
    client = QdrantClient(":memory:")
    index = ServerIndex(client, "segue")
    sizes = []
    send = client.upsert
    client.upsert = lambda collection, points, **how: (sizes.append(len(points)), send(collection, points, **how))
    index.upsert([Point(identifier(number), embedding(number), {"tags": ["a" * 1_500_000]}) for number in range(5)])

    assert sizes == [2, 2, 1]
    assert index.count() == 5


def test_serving_the_current_collection_again_changes_nothing():
    """A collection that the alias already names is kept when it is served again."""
    index = ServerIndex(QdrantClient(":memory:"), "segue")
    staged = index.stage(1)
    index.serve(staged)
    index.serve(staged)

    assert index.served() == staged
    assert index.count() == 0


def test_staged_collections_have_different_names():
    """Staging one generation twice creates two collections, and both have its number."""
    index = ServerIndex(QdrantClient(":memory:"), "segue")
    index.serve(first := index.stage(7))
    second = index.stage(7)

    assert first != second
    assert index.served() == first
    assert index.generation() == 7


def test_staging_keeps_the_collections_of_another_installation():
    """Two installations can share a server even if the name of one alias starts with that of the other."""
    client = QdrantClient(":memory:")
    other = ServerIndex(client, "segue-2")
    other.serve(theirs := other.stage(3))
    ServerIndex(client, "segue").stage(1)

    assert other.served() == theirs
    assert client.collection_exists(theirs)
