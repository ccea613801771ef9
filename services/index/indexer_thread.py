"""The indexers of the API process: threads that keep the embedded indexes equal to the catalogue."""

import threading

import structlog

from services.catalog import Catalogue
from services.domain.errors import IndexUnavailable, SegueError
from services.domain.spaces import View
from services.domain.vector_index import TRACKS
from services.index.comparing import compare
from services.index.embedded import IvfIndex
from services.index.generations import Generations
from services.index.indexer import BATCH
from services.index.keeper import CHILD_THRESHOLD, UNINDEXED_POINTS, IndexKeeper, Limits, Stopped
from services.storage.disk import check_free_space

# The pause between two looks for marked rows: a new track is searchable soon after its analysis is recorded.
INTERVAL_SECONDS = 0.25
LONGEST_BACKOFF_SECONDS = 10.0
STOP_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class IndexerThread:
    """Indexes marked rows of a collection in every space that is full; each has an index and a keeper of its own."""

    def __init__(  # noqa: PLR0913  what is indexed, and what tests make small
        self,
        catalogue: Catalogue,
        generations: Generations,
        space: str | None = None,
        *,
        child_threshold: int = CHILD_THRESHOLD,
        unindexed_points: int = UNINDEXED_POINTS,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """Serve the index in `generations`, which is of `space`, or of the first space, if that has no name yet."""
        self._catalogue = catalogue
        self._generations = generations
        self._limits = Limits(child_threshold, unindexed_points)
        first = IndexKeeper(catalogue, generations, space, self._limits)
        self._keepers: dict[str | None, IndexKeeper] = {space: first}
        self._interval = interval
        self._stopping = threading.Event()
        name = f"indexer of {generations.collection.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the served index is incomplete or outdated; None if it is neither."""
        if not self._thread.is_alive():
            return "The indexer does not run."
        try:
            served = self._keeper(self._catalogue.spaces.latest())
        except SegueError as error:
            return error.detail
        return self._problem or served.problem

    def index(self) -> IvfIndex:
        """Return the index of the space that this request reads.

        Raises:
            IndexUnavailable: it is not open yet, or not any more.
        """
        return self._keeper(self._catalogue.spaces.view()).index

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, waiting up to `STOP_SECONDS`; an unfinished build is deleted."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def close(self) -> None:
        """Stop the thread and close all indexes."""
        self.stop()
        for keeper in self._keepers.values():
            keeper.close(delete=False)

    def _keeper(self, view: View) -> IndexKeeper:
        keeper = self._keepers.get(view.served) or self._keepers.get(None)
        if keeper is None:
            raise IndexUnavailable(f"The index of model version {view.served} is being opened. Try again in a moment.")
        return keeper

    def _run(self) -> None:
        delay = 0.0
        while not self._stopping.wait(delay):
            try:
                more = self._pass()
            except Stopped:
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
        for keeper in self._keepers.values():
            keeper.stop()

    def _pass(self) -> bool:
        check_free_space(self._generations.root.parent)
        self._follow_spaces()
        for keeper in self._keepers.values():
            keeper.prepare()
        more = self._index_marked()
        for keeper in self._keepers.values():
            keeper.step(self._between_steps)
        self._compare()
        return more

    def _compare(self) -> None:
        """Compare a space with the served one, once both indexes are built."""
        view = self._catalogue.spaces.latest()
        if self._generations.collection != TRACKS or view.served is None:
            return
        for space in set(view.filled) - {view.served, *view.compared}:
            pair = {name: self._keepers.get(name) for name in (view.served, space)}
            if all(keeper is not None and keeper.is_built for keeper in pair.values()):
                indexes = {name: keeper.index for name, keeper in pair.items() if keeper is not None}
                compare(self._catalogue, view.served, space, indexes)
                self._catalogue.spaces.refresh()

    def _follow_spaces(self) -> None:
        """Open the indexes of spaces that are full, and delete those of spaces that were dropped."""
        view = self._catalogue.spaces.latest()
        if view.served is None:
            return
        keepers = dict(self._keepers)
        if (unnamed := keepers.pop(None, None)) is not None:
            unnamed.assign(view.home)
            keepers[view.home] = unnamed
        wanted = {view.served, *view.filled}
        for space in wanted - keepers.keys():
            keepers[space] = IndexKeeper(self._catalogue, self._open(view, space), space, self._limits)
        gone = [keepers.pop(space) for space in keepers.keys() - wanted]
        self._keepers = keepers  # replaced, because requests look at it meanwhile
        for keeper in gone:
            keeper.close(delete=True)

    def _open(self, view: View, space: str) -> Generations:
        collection = self._generations.collection
        first = self._generations.root.name.partition("@")[0]
        return Generations(self._generations.root.with_name(first + view.suffix(space)), collection)

    def _index_marked(self) -> bool:
        """Write marked rows into the index of each space, then clear the marks."""
        first, *others = self._keepers.values()
        changes = first.queue.pending(BATCH)
        if changes:
            first.write(changes)
            for other in others:
                other.write(other.queue.changes([change.id for change in changes]))
            first.queue.clear(changes)  # at the end: all points are on disk
        return len(changes) == BATCH

    def _between_steps(self) -> None:
        if self._stopping.is_set():
            raise Stopped
        self._index_marked()
