"""Keep the embedded index of one space equal to the catalogue: write what changed, reconcile, and build it again."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from services.catalog import Catalogue
from services.catalog.database import batched
from services.catalog.indexing import IndexChange
from services.domain.errors import StorageFull
from services.index.build_cost import BuildCost
from services.index.embedded import IvfIndex
from services.index.generations import NEVER_BUILT, Build, Generations, Order, build_index, start_build
from services.index.indexer import BATCH, RECONCILE_EVERY_SECONDS, Difference, apply, reconcile_in_steps

# Above this many points a child process builds the index: reading the rows holds the GIL.
CHILD_THRESHOLD = 50_000
# The index is built again when more points, or a larger share of them, are in no cell: a search compares each of them.
UNINDEXED_POINTS = 10_000
UNINDEXED_SHARE = 0.05
# The pause after a failed build (disk full, child killed), because a build takes minutes of CPU time.
BUILD_RETRY_SECONDS = 60.0

_log = structlog.get_logger(__name__)


class Stopped(Exception):  # noqa: N818  not an error
    """The indexer was stopped during a build."""


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


@dataclass(frozen=True, slots=True)
class Limits:
    """When a build runs in a child process, and when an index is built again because of points that are in no cell."""

    child_threshold: int = CHILD_THRESHOLD
    unindexed_points: int = UNINDEXED_POINTS


class IndexKeeper:
    """Writes the index of a collection in a space, and builds one that is outdated, damaged or too large."""

    def __init__(self, catalogue: Catalogue, generations: Generations, space: str | None, limits: Limits) -> None:
        self._catalogue = catalogue
        self._builds = catalogue.index_builds
        self._generations = generations
        self._limits = limits
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
        self.assign(space)

    def assign(self, space: str | None) -> None:
        """Keep the index of this space; None until the first space has a name."""
        self._space = space
        self.queue = self._catalogue.queue_of(self._generations.collection, space)
        self._name = self._catalogue.spaces.latest().index_name(self._generations.collection.name, space)

    @property
    def index(self) -> IvfIndex:
        """The index, the same object when a build takes its place."""
        return self._generations.index

    @property
    def is_built(self) -> bool:
        """Whether a build of the generation that the catalogue asks for is served."""
        return self._generations.generation == self.queue.generation()

    @property
    def problem(self) -> str | None:
        """Why the index is incomplete or outdated, unless the indexer waits; None if it is neither."""
        if self._refused is not None:
            return self._refused
        if self._generations.generation == NEVER_BUILT:
            return "The vector index is being built from the catalogue."
        return None

    def prepare(self) -> None:
        """Create a directory that was deleted, compare the counts once, and record what is served."""
        if not self._generations.is_on_disk():
            self._generations.recreate_root()
            self._lost_points = True
        if not self._verified:
            self._lost_points = self._points_differ()
            self._verified = True
        self._settle()

    def write(self, changes: Sequence[IndexChange]) -> None:
        """Apply changes to the index."""
        apply(changes, self.index)
        if self._indexed_since is not None:
            self._indexed_since.update(change.id for change in changes)

    def step(self, between_steps: Callable[[], None]) -> None:
        """Do what is due: a build, or a part of a comparison. `between_steps` is called during a build."""
        if self._running is not None:
            self._watch(self._running)
        elif time.monotonic() >= self._build_after:
            self._build_if_due(between_steps)
            self._reconcile_if_due()

    def stop(self) -> None:
        """Give up a build that runs."""
        if self._running is not None:
            self._give_up(self._running.build, Stopped())

    def close(self, *, delete: bool) -> None:
        """Stop and close the index; `delete` its directory after the space was dropped."""
        self.stop()
        self._generations.close()
        if delete:
            self._builds.forget(self._name)
            self._generations.delete()

    def _reconcile_if_due(self) -> None:
        """Do one step of a comparison, so that marked rows do not wait for all of it."""
        if self._running is None and time.monotonic() >= self._reconciled_at + RECONCILE_EVERY_SECONDS:
            self._reconciled_at = time.monotonic()
            self._comparison = reconcile_in_steps(self.queue, self.index)
        next(self._comparison, None)

    def _points_differ(self) -> bool:
        """Return whether the number of points is wrong, because a damaged index may load without an error."""
        ready = self.queue.count_ready()
        marked = self.queue.count_pending()
        return abs(self.index.count() - ready) > marked

    def _build_if_due(self, between_steps: Callable[[], None]) -> None:
        wanted = self.queue.generation()
        if wanted != self._generations.generation or self._lost_points or self._outgrown():
            self._begin(wanted, between_steps)

    def _outgrown(self) -> bool:
        return self.index.unindexed() > max(self._limits.unindexed_points, UNINDEXED_SHARE * self.index.count())

    def _begin(self, generation: int, between_steps: Callable[[], None]) -> None:
        points = self.queue.count_ready()
        own_process = points > self._limits.child_threshold
        if own_process and not self._has_room(points):
            return
        build = self._generations.prepare(generation)
        self._indexed_since = set()
        _log.info("index_build_started", collection=self._name, generation=generation, own_process=own_process)
        try:
            if own_process:
                url = self._catalogue.database.url.render_as_string(hide_password=False)
                order = Order(url, self._generations.collection.name, str(build.path), self._space)
                self._running = _Running(build, start_build(order))
            else:
                report = self._builds.begin(self._name, points)
                build_index(build.path, self.queue, report, between_steps)
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
        """Apply what changed since the build started, then serve the build. Only the indexer's thread writes points."""
        changed = sorted(self._indexed_since or ())
        for batch in batched(changed, BATCH):
            apply(self.queue.changes(batch), index)
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
        report.fail("Segue was stopped." if isinstance(error, Stopped) else f"The build failed: {error}")

    def _settle(self) -> None:
        """Record the served generation after a build, and at the start: a process that died may have left a report."""
        if not self._settled:
            self._builds.settle(self._name, self._generations.generation)
            self._settled = True
