"""The directories of the embedded index, and the process that builds one.

    index/lock               locked by the process that owns the index
    index/current            names the directory that is served
    index/<generation>-<…>/  one index (`services.index.embedded`)

Only the directory that `current` names is valid. Segue deletes all others at start: an interrupted build left them.
Generation 0 is the empty index of a new or lost directory.

`python -m services.index.generations` builds an index. It reads an `Order` as JSON from standard
input, because the catalogue's URL may contain a password and every user can read a process's arguments. Exit code 0
means that the index is complete on disk.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import structlog
from portalocker import AlreadyLocked, Lock

from services.catalog import Catalogue
from services.catalog.index_builds import BuildPhase, BuildReport
from services.catalog.indexing import IndexQueue
from services.domain.errors import AlreadyRunning, IndexUnavailable
from services.domain.vector_index import PICTURES, TRACKS, Collection
from services.index.cell_builder import build
from services.index.embedded import IvfIndex
from services.index.indexer import valid_points
from services.storage.disk import sync
from services.storage.locks import acquire

NEVER_BUILT = 0
CURRENT = "current"
LOCK = "lock"

# A build must not slow down requests; it may take longer itself.
NICENESS = 10

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Build:
    """A directory and the generation of the index in it."""

    generation: int
    path: Path


class Generations:
    """The embedded index of this process. `index` remains the same object when its shard is replaced."""

    def __init__(self, root: Path, collection: Collection = TRACKS) -> None:
        """Open the index of a collection in a directory. A missing or damaged index starts empty, as generation 0.

        Raises:
            AlreadyRunning: another process uses the directory.
        """
        self._root = root
        self.collection = collection
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _lock_exclusively(root / LOCK)
        try:
            self._current, self.index = self._open()
            self._delete_leftovers()
        except BaseException:
            self._lock.release()
            raise

    @property
    def generation(self) -> int:
        """The generation that is served."""
        return self._current.generation

    def prepare(self, generation: int) -> Build:
        """Create an empty directory for an index of this generation."""
        build = Build(generation, self._root / f"{generation}-{secrets.token_hex(4)}")
        build.path.mkdir(mode=0o700)
        return build

    @property
    def root(self) -> Path:
        """The directory of the index."""
        return self._root

    def is_on_disk(self) -> bool:
        """Return whether the served directory exists; a deleted index still serves from its open files."""
        return self._current.path.is_dir() and (self._root / CURRENT).exists()

    def recreate_root(self) -> None:
        """Create and lock the directory again after it was deleted.

        Raises:
            AlreadyRunning: another process has locked it.
        """
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self._root / LOCK).exists():
            old, self._lock = self._lock, _lock_exclusively(self._root / LOCK)
            old.release()

    def adopt(self, build: Build, index: IvfIndex) -> None:
        """Serve this build from now on, and after a restart, and delete the previous one."""
        old = self._current
        self._point_at(build)
        self.index.take_over(index)
        self._current = build
        self.discard(old)

    def discard(self, build: Build) -> None:
        """Delete the directory of a build."""
        shutil.rmtree(build.path, ignore_errors=True)

    def delete(self) -> None:
        """Delete the directory; close the index first."""
        shutil.rmtree(self._root, ignore_errors=True)

    def close(self) -> None:
        """Close the index and unlock the directory."""
        self.index.close()
        self._lock.release()

    def _open(self) -> tuple[Build, IvfIndex]:
        if (named := self._named()) is not None:
            try:
                return named, IvfIndex.load(named.path)
            except IndexUnavailable as error:
                _log.warning("damaged_index_replaced", path=str(named.path), reason=str(error))
        empty = self.prepare(NEVER_BUILT)
        index = IvfIndex.create(empty.path)
        self._point_at(empty)
        return empty, index

    def _named(self) -> Build | None:
        try:
            name = (self._root / CURRENT).read_text(encoding="utf-8")
            return Build(int(name.partition("-")[0]), self._root / Path(name).name)
        except (FileNotFoundError, ValueError):
            return None

    def _point_at(self, build: Build) -> None:
        draft = self._root / "current.new"
        with draft.open("w", encoding="utf-8") as file:
            file.write(build.path.name)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._root / CURRENT)
        sync(self._root)

    def _delete_leftovers(self) -> None:
        for path in self._root.iterdir():
            if path.is_dir() and path != self._current.path:
                _log.info("unfinished_build_deleted", path=str(path))
                shutil.rmtree(path, ignore_errors=True)


def delete_indexes(first: Path, but: AbstractSet[str]) -> None:
    """Delete the indexes of spaces that were dropped while no API process ran.

    Args:
        first: The directory of the first space's index; those of other spaces are beside it.
        but: The names of the directories that are needed.
    """
    for found in (first, *first.parent.glob(f"{first.name}@*")):
        if found.name not in but and found.is_dir():
            _log.info("unused_index_deleted", path=str(found))
            shutil.rmtree(found, ignore_errors=True)


def _lock_exclusively(path: Path) -> Lock[IO[bytes]]:
    try:
        return acquire(path, exclusive=True)
    except AlreadyLocked as error:
        raise AlreadyRunning(f"Another process uses the vector index in {path.parent}; stop it first.") from error


@dataclass(frozen=True, slots=True)
class Order:
    """What to build an index from, and where."""

    catalogue_url: str
    collection: str
    path: str
    space: str | None


def build_index(
    path: Path, queue: IndexQueue, report: BuildReport, between_steps: Callable[[], None] = lambda: None
) -> None:
    """Build the index of all ready rows in a directory. What `between_steps` raises ends the build."""

    def after_step(phase: BuildPhase, done: int) -> None:
        report.show(phase, done)
        between_steps()

    build(path, (valid_points(change.point for change in changes) for changes in queue.ready()), after_step)
    IvfIndex.create(path).close()


def start_build(order: Order) -> subprocess.Popen[bytes]:
    """Start a child process that builds an index."""
    with TemporaryFile() as channel:
        channel.write(json.dumps(asdict(order)).encode())
        channel.seek(0)
        return subprocess.Popen([sys.executable, "-m", "services.index.generations"], stdin=channel)


def main() -> None:
    """Build the index of the order on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole process group; nothing to clean up here
    os.nice(NICENESS)
    order = Order(**json.load(sys.stdin))
    catalogue = Catalogue.open(order.catalogue_url)
    collection = next(known for known in (TRACKS, PICTURES) if known.name == order.collection)
    queue = catalogue.queue_of(collection, order.space)
    total = queue.count_ready()
    name = catalogue.spaces.latest().index_name(collection.name, order.space)
    report = catalogue.index_builds.begin(name, total)
    build_index(Path(order.path), queue, report)
    report.show(BuildPhase.SWAP, total)
    catalogue.close()


if __name__ == "__main__":
    main()
