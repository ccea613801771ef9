"""Fill a shard from the catalogue; with an HNSW graph in a process of its own.

`python -m services.index.build` reads an `Order` as JSON from standard input, because a catalogue's URL may hold a
password and arguments are for everyone to read. Exit code 0 means that the shard is complete on disk.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile

from services.catalog import Catalogue
from services.catalog.indexing import IndexQueue
from services.index.indexer import sound
from services.index.qdrant_edge import EdgeIndex

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
        index.upsert(sound(points))
        after_batch()


def start(order: Order) -> subprocess.Popen[bytes]:
    """Build an optimised shard in a child process."""
    with TemporaryFile() as channel:
        channel.write(json.dumps(asdict(order)).encode())
        channel.seek(0)
        return subprocess.Popen([sys.executable, "-m", "services.index.build"], stdin=channel)


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
