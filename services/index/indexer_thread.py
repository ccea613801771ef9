"""The indexers of the API process: threads that keep the embedded indexes equal to the catalogue."""

import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from services.catalog import Catalogue
from services.catalog.database import batched
from services.domain.errors import SegueError, StorageFull
from services.index.build_cost import BuildCost
from services.index.embedded import IvfIndex
from services.index.generations import NEVER_BUILT, Build, Generations, Order, build_index, start_build
from services.index.indexer import BATCH, RECONCILE_EVERY_SECONDS, Difference, Indexer, apply, reconcile_in_steps
from services.storage.disk import check_free_space

if TYPE_CHECKING:
    from collections.abc import Iterator

# Above this many points a child process builds the index: reading the rows holds the GIL.
CHILD_THRESHOLD = 50_000
# The index is built again when more points, or a larger share of them, are in no cell: a search compares each of them.
UNINDEXED_POINTS = 10_000
UNINDEXED_SHARE = 0.05
# The pause between two looks for marked rows: a new track is searchable soon after its analysis is recorded.
INTERVAL_SECONDS = 0.25
LONGEST_BACKOFF_SECONDS = 10.0
# The pause after a failed build (disk full, child killed), because a build takes minutes of CPU time.
BUILD_RETRY_SECONDS = 60.0
STOP_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class _Stopped(Exception):  # noqa: N818  not an error
    """`stop` was called during a build."""


@dataclass(slots=True)
class _Running:
    """A build that runs in a child process."""

    build: Build
    child: subprocess.Popen[bytes]

    def result(self) -> IvfIndex:
        """Load the index; the child process must have ended.

        Raises:
            ChildProcessError: the child process failed.
            IndexUnavailable: the index cannot be loaded.
        """
        if self.child.returncode != 0:
            raise ChildProcessError(f"the process that built the index ended with code {self.child.returncode}")
        return IvfIndex.load(self.build.path)


class IndexerThread:
    """Indexes marked rows of a collection, reconciles, and rebuilds an index that is outdated, damaged or too large."""

    def __init__(
        self,
        catalogue: Catalogue,
        generations: Generations,
        *,
        child_threshold: int = CHILD_THRESHOLD,
        unindexed_points: int = UNINDEXED_POINTS,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._catalogue = catalogue
        self._queue = catalogue.queue_of(generations.collection)
        self._name = generations.collection.name
        self._builds = catalogue.index_builds
        self._generations = generations
        self._indexer = Indexer(self._queue, generations.index)
        self._child_threshold = child_threshold
        self._unindexed_points = unindexed_points
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"indexer of {self._name}", daemon=True)
        self._problem: str | None = None
        self._verified = False
        self._lost_points = False
        self._settled = False
        self._reconciled_at = time.monotonic()  # the first pass compares the counts
        self._comparison: Iterator[Difference] = iter(())
        self._running: _Running | None = None
        self._build_after = 0.0
        self._refused: str | None = None
        """Why a build that is due was not started."""
        self._indexed_since: set[str] | None = None
        """Rows indexed since a build started, which the build may lack."""

    @property
    def problem(self) -> str | None:
        """Why the index is incomplete or outdated; None if it is neither."""
        if not self._thread.is_alive():
            return "The indexer does not run."
        if self._refused is not None:
            return self._refused
        if self._generations.generation == NEVER_BUILT and self._problem is None:
            return "The vector index is being built from the catalogue."
        return self._problem

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, waiting up to `STOP_SECONDS`; an unfinished build is deleted."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        delay = 0.0
        while not self._stopping.wait(delay):
            try:
                more = self._pass()
            except _Stopped:
                break
            except (SegueError, OSError) as error:
                self._problem = f"The indexer is waiting: {error}"
                delay = min(max(delay, self._interval) * 2, LONGEST_BACKOFF_SECONDS)
                _log.warning("indexing_delayed", reason=str(error), retry_seconds=delay)
            except Exception as error:  # noqa: BLE001  logged with its traceback; the thread must go on
                self._problem = f"The indexer failed: {error}"
                delay = LONGEST_BACKOFF_SECONDS
                _log.exception("indexing_failed", retry_seconds=delay)
            else:
                self._problem = None
                delay = 0.0 if more else self._interval
        if self._running is not None:
            self._give_up(self._running.build, _Stopped())

    def _pass(self) -> bool:
        check_free_space(self._generations.root.parent)
        if not self._generations.is_on_disk():
            self._generations.recreate_root()
            self._lost_points = True
        if not self._verified:
            self._lost_points = self._points_differ()
            self._verified = True
        self._settle()
        more = self._index_marked()
        if self._running is not None:
            self._watch(self._running)
        elif time.monotonic() >= self._build_after:
            self._build_if_due()
            self._reconcile_if_due()
        return more

    def _reconcile_if_due(self) -> None:
        """Do one step of a comparison, so that marked rows do not wait for all of it."""
        if self._running is None and time.monotonic() >= self._reconciled_at + RECONCILE_EVERY_SECONDS:
            self._reconciled_at = time.monotonic()
            self._comparison = reconcile_in_steps(self._queue, self._generations.index)
        next(self._comparison, None)

    def _index_marked(self) -> bool:
        done = self._indexer.index_batch()
        if self._indexed_since is not None:
            self._indexed_since.update(done)
        return len(done) == BATCH

    def _points_differ(self) -> bool:
        """Return whether the number of points is wrong, because a damaged index may load without an error."""
        ready = self._queue.count_ready()
        marked = self._queue.count_pending()
        return abs(self._generations.index.count() - ready) > marked

    def _build_if_due(self) -> None:
        wanted = self._queue.generation()
        if wanted != self._generations.generation or self._lost_points or self._outgrown():
            self._begin(wanted)

    def _outgrown(self) -> bool:
        index = self._generations.index
        return index.unindexed() > max(self._unindexed_points, UNINDEXED_SHARE * index.count())

    def _begin(self, generation: int) -> None:
        points = self._queue.count_ready()
        own_process = points > self._child_threshold
        if own_process and not self._has_room(points):
            return
        build = self._generations.prepare(generation)
        self._indexed_since = set()
        _log.info("index_build_started", collection=self._name, generation=generation, own_process=own_process)
        try:
            if own_process:
                url = self._catalogue.database.url.render_as_string(hide_password=False)
                self._running = _Running(build, start_build(Order(url, self._name, str(build.path))))
            else:
                report = self._builds.begin(self._name, points)
                build_index(build.path, self._queue, report, self._between_steps)
                self._replace(build, IvfIndex.load(build.path))
        except BaseException as error:
            self._give_up(build, error)
            raise

    def _has_room(self, points: int) -> bool:
        """Log what a build costs, and return whether there is room for it; if not, report why."""
        cost = BuildCost.of(points)
        _log.info(
            "index_build_planned", collection=self._name, points=points, memory_bytes=cost.memory, disk_bytes=cost.disk
        )
        try:
            cost.check(self._generations.root)
        except StorageFull as error:
            self._builds.begin(self._name, points).fail(error.detail)
            self._refused, self._build_after = error.detail, time.monotonic() + BUILD_RETRY_SECONDS
            _log.error("index_build_refused", collection=self._name, reason=error.detail)
            return False
        self._refused = None
        return True

    def _between_steps(self) -> None:
        if self._stopping.is_set():
            raise _Stopped
        self._index_marked()

    def _watch(self, running: _Running) -> None:
        if running.child.poll() is None:
            return
        try:
            self._replace(running.build, running.result())
        except BaseException as error:
            self._build_after = time.monotonic() + BUILD_RETRY_SECONDS
            self._give_up(running.build, error)
            raise
        self._running = None

    def _replace(self, build: Build, index: IvfIndex) -> None:
        """Apply what changed since the build started, then serve the build. Only this thread writes points."""
        changed = sorted(self._indexed_since or ())
        for batch in batched(changed, BATCH):
            apply(self._queue.changes(batch), index)
        self._generations.adopt(build, index)
        self._indexed_since = None
        self._lost_points = self._settled = False
        _log.info("index_build_served", generation=build.generation, replayed=len(changed))

    def _give_up(self, build: Build, error: BaseException) -> None:
        if self._running is not None:
            self._running.child.kill()
            self._running.child.wait()
            self._running = None
        self._indexed_since = None
        self._generations.discard(build)
        report = self._builds.begin(self._name, 0)
        report.fail("Segue was stopped." if isinstance(error, _Stopped) else f"The build failed: {error}")

    def _settle(self) -> None:
        """Record the served generation after a build, and at the start: a process that died may have left a report."""
        if not self._settled:
            self._builds.settle(self._name, self._generations.generation)
            self._settled = True
