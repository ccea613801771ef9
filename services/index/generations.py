"""Qdrant Edge's directories: which one is served, which one replaces it, which ones are leftovers.

    index/lock               held by the one process that may use them
    index/current            names the directory that is served
    index/<generation>-<…>/  one shard

A directory counts from the moment `current` names it and not before: whatever else lies there is what an
interrupted build left, and is deleted. Generation 0 is the empty index of a fresh or lost directory.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import structlog
from portalocker import AlreadyLocked, Lock

from services.catalog import Catalogue
from services.catalog.indexing import IndexQueue
from services.domain.errors import AlreadyRunning, IndexUnavailable
from services.index.indexer import valid_points
from services.index.qdrant_edge import EdgeIndex
from services.storage.disk import sync
from services.storage.locks import acquire

NEVER_BUILT = 0
CURRENT = "current"
LOCK = "lock"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Build:
    """A shard directory and the generation of the index that it holds."""

    generation: int
    path: Path


class Generations:
    """The embedded index of this process: `index` stays the same object while the shard behind it is replaced."""

    def __init__(self, root: Path) -> None:
        """Open the index under a directory; what is missing or damaged starts empty, as generation 0.

        Raises:
            AlreadyRunning: another process uses the directory.
        """
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _exclusive(root / LOCK)
        try:
            self._current, self.index = self._open()
            self._sweep()
        except BaseException:
            self._lock.release()
            raise

    @property
    def generation(self) -> int:
        """The generation that is served."""
        return self._current.generation

    def prepare(self, generation: int) -> Build:
        """A new, empty directory for a shard of this generation."""
        build = Build(generation, self._root / f"{generation}-{secrets.token_hex(4)}")
        build.path.mkdir(mode=0o700)
        return build

    @property
    def root(self) -> Path:
        """The directory that holds them all."""
        return self._root

    def is_on_disk(self) -> bool:
        """Whether what is served is still there: a deleted shard answers on, from files that have no name any more."""
        return self._current.path.is_dir() and (self._root / CURRENT).exists()

    def take_root_again(self) -> None:
        """Make the directory anew, and lock it, after it was deleted.

        Raises:
            AlreadyRunning: another process was faster.
        """
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self._root / LOCK).exists():
            old, self._lock = self._lock, _exclusive(self._root / LOCK)
            old.release()

    def adopt(self, build: Build, index: EdgeIndex) -> None:
        """Serve this build from now on, here and after a restart, and delete the one before."""
        old = self._current
        self._point_at(build)
        self.index.take_over(index)
        self._current = build
        self.discard(old)

    def discard(self, build: Build) -> None:
        """Delete a build's directory."""
        shutil.rmtree(build.path, ignore_errors=True)

    def close(self) -> None:
        """Close the index and let another process have the directory."""
        self.index.close()
        self._lock.release()

    def _open(self) -> tuple[Build, EdgeIndex]:
        if (named := self._named()) is not None:
            try:
                return named, EdgeIndex.load(named.path)
            except IndexUnavailable as error:
                _log.warning("index damaged: rebuilding it", path=str(named.path), reason=str(error))
        empty = self.prepare(NEVER_BUILT)
        index = EdgeIndex.create(empty.path)
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

    def _sweep(self) -> None:
        for path in self._root.iterdir():
            if path.is_dir() and path != self._current.path:
                _log.info("leftover of an unfinished build deleted", path=str(path))
                shutil.rmtree(path, ignore_errors=True)


def _exclusive(path: Path) -> Lock[IO[bytes]]:
    try:
        return acquire(path, exclusive=True)
    except AlreadyLocked as error:
        raise AlreadyRunning(f"Another process uses the vector index in {path.parent}; stop it first.") from error


# The build may take all the time it needs; whoever asks for music must not notice.
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Order:
    """What to build, from which catalogue, and where."""

    catalogue_url: str
    path: str


def fill(index: EdgeIndex, queue: IndexQueue, after_batch: Callable[[], None] = lambda: None) -> None:
    """Write every point that the catalogue has."""
    for points in queue.points():
        index.upsert(valid_points(points))
        after_batch()


def start(order: Order) -> subprocess.Popen[bytes]:
    """Build an optimised shard in a child process."""
    with TemporaryFile() as channel:
        channel.write(json.dumps(asdict(order)).encode())
        channel.seek(0)
        return subprocess.Popen([sys.executable, "-m", "services.index.generations"], stdin=channel)


def main() -> None:
    """Carry out the order on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches the whole group; there is nothing to tidy here
    os.nice(NICENESS)
    order = Order(**json.load(sys.stdin))
    catalogue = Catalogue.open(order.catalogue_url)
    index = EdgeIndex.create(Path(order.path))
    fill(index, catalogue.indexing)
    index.optimise()
    index.close()
    catalogue.close()


if __name__ == "__main__":
    main()
