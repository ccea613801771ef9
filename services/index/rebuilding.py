"""The rebuild of an index on a Qdrant server: fill a new collection, build its graph once, move the alias to it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from services.catalog.index_builds import BuildPhase, BuildReport, IndexBuildStore
from services.catalog.indexing import IndexQueue
from services.domain.errors import SegueError
from services.domain.vector_index import Point, PointWriter
from services.index.indexer import BATCH, write_until_stable
from services.index.qdrant_server import ServerIndex

Result = TypeVar("Result")

# The server works on several shards at once, and this process prepares the next batch meanwhile.
WRITERS = 4
# The lease of the rebuild is renewed this often, however long a request takes.
STEP_SECONDS = 5.0
FIRST_POLL_SECONDS = 0.1
POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _CollectionWriter(PointWriter):
    index: ServerIndex
    collection: str

    def upsert(self, points: Sequence[Point]) -> None:
        self.index.upsert_into(self.collection, points)

    def delete(self, ids: Sequence[str]) -> None:
        self.index.delete_from(self.collection, ids)


def rebuild(
    queue: IndexQueue, index: ServerIndex, builds: IndexBuildStore, after_step: Callable[[], None] = lambda: None
) -> int:
    """Build the generation that the catalogue asks for, unless it is served, and return the number of points written.

    The old collection serves meanwhile, and any number of processes may index. Only one rebuild may run at a time:
    hold a lease and renew it in `after_step`. An exception from `after_step` ends the rebuild. The next call deletes
    what a rebuild that did not end has left.

    Raises:
        CatalogueUnavailable, IndexUnavailable: the old collection continues to serve; call again.
    """
    wanted = queue.generation()
    if index.generation() == wanted:
        if builds.served(index.name) != wanted:  # the process died after it had moved the alias
            index.delete_leftovers()
            builds.settle(index.name, wanted)
        return 0
    report = builds.begin(index.name, queue.count_ready())
    pool = ThreadPoolExecutor(WRITERS)
    try:
        written = _Rebuild(queue, index, report, after_step, pool).run(wanted)
    except SegueError as error:
        report.fail(error.detail)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    builds.settle(index.name, wanted)
    return written


@dataclass(frozen=True, slots=True)
class _Rebuild:
    queue: IndexQueue
    index: ServerIndex
    report: BuildReport
    after_step: Callable[[], None]
    pool: ThreadPoolExecutor

    def run(self, generation: int) -> int:
        staged = self._finish(self.pool.submit(self.index.stage, generation))
        written = self._fill(_CollectionWriter(self.index, staged))
        self._build_graph(staged)
        self.report.show(BuildPhase.SWAP, 0)
        self._finish(self.pool.submit(self.index.serve, staged))
        return written

    def _fill(self, writer: PointWriter) -> int:
        """Write all points, in several requests at once."""
        written, running = 0, deque[Future[int]]()
        for changes in self.queue.ready(BATCH):
            running.append(self.pool.submit(write_until_stable, self.queue, changes, writer))
            if len(running) > WRITERS:
                written += self._finish(running.popleft())
                self.report.show(BuildPhase.FILL, written)
        return written + sum(map(self._finish, running))

    def _build_graph(self, collection: str) -> None:
        self._finish(self.pool.submit(self.index.start_graph, collection))
        pause = FIRST_POLL_SECONDS
        while not (graph := self._finish(self.pool.submit(self.index.graph, collection))).is_complete:
            self.report.show(BuildPhase.GRAPH, graph.points)
            time.sleep(pause)
            pause = min(2 * pause, POLL_SECONDS)

    def _finish(self, future: Future[Result]) -> Result:
        """Wait for a request and renew the lease meanwhile."""
        while True:
            done, _ = wait([future], STEP_SECONDS)
            self.after_step()
            if done:
                return future.result()
