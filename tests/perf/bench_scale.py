"""Measure what surrounds the index as a library grows, and print a table with ratios and one JSON.

    python tests/perf/bench_scale.py [--tracks 10000 100000] [--data DIR]

It writes a catalogue of each size (a million tracks take 8.4 GB and ten minutes; with `--data` they are kept), starts
`segue up` on it, and measures until it answers, its memory, requests of several clients, and how soon a new track is
found. Then it reads the catalogue as pages and periodic tasks do. If `SEGUE_TEST_QDRANT_URL` names a
Qdrant server, it holds the index.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.domain.filters import ATTRIBUTES
from services.domain.library import AlbumSelection, ArtistSelection
from services.domain.track import DESCRIPTORS, EMBEDDING_DIM, Analysis, Tags
from services.settings import Settings
from tests.fakes.serving import free_port
from tests.perf.catalogues import MODEL, ROOT, written
from tests.perf.vectors import Tracks, identifier
from tests.perf.verdicts import CONSOLE, show

SEGUE = str(Path(sys.executable).with_name("segue"))
START_SECONDS, MEMORY_MB, FRESH_SECONDS, GROWTH = 8.0, 1024.0, 2.0, 2.0
"""The aims: until it answers, memory of the API process, until a new track is found, p50 of the largest library."""
BUILD_SECONDS, LOST_SECONDS = 1_800.0, 60.0
NEW_TRACKS, REQUESTS, ROUNDS = 20, 100, 3
BESIDE = 0.02
FILTERS = {"tempo": {"min": 90, "max": 150}, "energy": {"min": 0.3}}
MIB = 1024 * 1024

Figures = dict[str, float]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--without-index", action="store_true", help="start no service: read the catalogue only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        root = options.data or Path(folder)
        sizes = sorted(options.tracks)
        found = {size: measure(size, root / str(size), with_index=not options.without_index) for size in sizes}
    names = list(found[sizes[-1]])
    rows = [
        (name, *(f"{found[size][name]:.1f}" for size in sizes), f"{found[sizes[-1]][name] / found[sizes[0]][name]:.1f}")
        for name in names
    ]
    show("A library as it grows", ("what", *(f"{size:,}" for size in sizes), "ratio"), rows)
    CONSOLE.print(
        f"Aims at the largest: answering ≤ {START_SECONDS:g} s, API process ≤ {MEMORY_MB:g} MB, "
        f"new track found p95 < {FRESH_SECONDS:g} s, p50 of requests ≤ {GROWTH:g} times that of the smallest"
    )
    if "SEGUE_TEST_QDRANT_URL" not in os.environ:
        CONSOLE.print("Not run, because SEGUE_TEST_QDRANT_URL names no Qdrant server: the same with its index")
    print(json.dumps({str(size): figures for size, figures in found.items()}))


def measure(count: int, folder: Path, *, with_index: bool) -> Figures:
    """Return the figures of a library of this size."""
    folder.mkdir(parents=True, exist_ok=True)
    tracks = written(folder, count)
    return (served(folder, tracks) if with_index else {}) | periodic(folder)


def served(folder: Path, tracks: Tracks) -> Figures:
    """Return the figures of the running service."""
    count = len(tracks)
    with serving(folder) as (_, client):  # builds the index if there is none
        wait_for_index(client, count)
    figures: Figures = {}
    began = time.perf_counter()
    with serving(folder) as (process, client):
        figures["segue up: answering, s"] = time.perf_counter() - began
        wait_for_index(client, count)
        random = np.random.default_rng(1)
        figures["similar, p50 ms"] = median(lambda: client.get(f"/v1/tracks/{any_of(random, count)}/similar"))
        figures["50 events, two filters, p50 ms"] = median(lambda: recommend(client, random, count))
        figures |= fresh(folder, client, tracks)
        figures["API process, resident MB"] = resident(process.pid)
    return figures


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Run `segue up` until it answers, and stop it at the end."""
    port = free_port()
    server = {"SEGUE_QDRANT_URL": url} if (url := os.environ.get("SEGUE_TEST_QDRANT_URL")) else {}
    environment = os.environ | server | {"SEGUE_DATA_DIR": str(folder), "SEGUE_PORT": str(port), "SEGUE_WATCH": "false"}
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen([SEGUE, "up"], env=environment, stdout=log, stderr=log, process_group=0)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            while not is_alive(client):
                if process.poll() is not None:
                    sys.exit(f"segue up ended:\n{(folder / 'up.log').read_text(encoding='utf-8')}")
                time.sleep(0.05)
            yield process, client
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def is_alive(client: httpx.Client) -> bool:
    """Return whether the API answers from the catalogue."""
    try:
        return client.get("/v1/status").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def wait_for_index(client: httpx.Client, count: int) -> None:
    """Wait until the index holds all tracks."""
    deadline = time.monotonic() + BUILD_SECONDS
    while (client.get("/v1/status").json()["index"]["points"] or 0) < count:
        if time.monotonic() > deadline:
            sys.exit("The index was not built in time.")
        time.sleep(0.5)


def any_of(random: np.random.Generator, count: int) -> str:
    """Return the id of some track."""
    return identifier(int(random.integers(count)))


def recommend(client: httpx.Client, random: np.random.Generator, count: int) -> httpx.Response:
    """Ask with a history of 50 plays."""
    history = [{"track_id": any_of(random, count), "event": "play"} for _ in range(50)]
    return client.post("/v1/recommendations", json={"history": history, "filters": FILTERS})


def median(ask: Callable[[], httpx.Response]) -> float:
    """Return the median in milliseconds."""
    return float(np.median([seconds(lambda: ask().raise_for_status()) * 1000 for _ in range(REQUESTS)]))


def fresh(folder: Path, client: httpx.Client, tracks: Tracks) -> Figures:
    """Add tracks beside others, and return how soon after the record of its analysis each is among their neighbours."""
    random, times = np.random.default_rng(2), []
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    paths = [f"{ROOT}/new/{number}.mp3" for number in range(NEW_TRACKS)]
    for number, path in enumerate(paths):
        added = str(uuid5(NAMESPACE_URL, path))
        tags = Tags(f"New {number}", artists=(f"New artist {number}",), duration_ms=200_000 + number)
        catalogue.library.register(added, tags, FileStamp(path, f"{ROOT}/new", 1, 1))
        seed = int(random.integers(len(tracks)))
        near = tracks.vectors[seed] + BESIDE * random.standard_normal(EMBEDDING_DIM)
        catalogue.analyses.record(added, analysis(near / np.linalg.norm(near)))
        began = time.perf_counter()
        while added not in neighbours(client, seed):
            if time.perf_counter() > began + LOST_SECONDS:
                sys.exit(f"A new track was not found after {LOST_SECONDS:g} s.")
            time.sleep(0.01)
        times.append(time.perf_counter() - began)
    catalogue.library.forget_files(paths)
    catalogue.close()
    return {"analysis recorded → found, p95 s": float(np.percentile(times, 95))}


def neighbours(client: httpx.Client, number: int) -> set[str]:
    """Return the ids of the tracks that are similar to one."""
    found = client.get(f"/v1/tracks/{identifier(number)}/similar?limit=100").raise_for_status().json()
    return {track["id"] for track in found["tracks"]}


def analysis(embedding: np.ndarray) -> Analysis:
    """Return an analysis with this embedding."""
    return Analysis(
        embedding=embedding.astype(np.float32),
        dispersion=0.1,
        attributes=dict.fromkeys(ATTRIBUTES, 0.5),
        descriptors=dict.fromkeys(DESCRIPTORS, 1.0),
        tags={},
        model_version=MODEL,
    )


def resident(parent: int) -> float:
    """Return the memory of the largest API process below a process, in MiB."""
    sizes = [0]
    for child in psutil.Process(parent).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "gunicorn" in " ".join(child.cmdline()):
                sizes.append(child.memory_info().rss)
    return max(sizes) / MIB


def periodic(folder: Path) -> Figures:
    """Return the milliseconds of what the processes read at their start, each minute, and for pages of the library."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    reads: dict[str, Callable[[], object]] = {
        "release claims": catalogue.analyses.release_all,
        "lost work": lambda: catalogue.analyses.stale(timedelta(hours=1)),
        "adopt the model": lambda: catalogue.library.adopt_model(MODEL),
        "counts of the status": catalogue.tracks.count_by_status,
        "folders of the status": catalogue.progress.folders,
        "rate of the status": catalogue.progress.rate,
        "covers due": lambda: catalogue.covers.due(100),
        "tracks without a point on the map": lambda: catalogue.map.unplaced(1),
        "points of tracks that are gone": lambda: catalogue.map.remove_gone(1),
        "landmarks of the map": lambda: catalogue.map.landmarks(1, MODEL),
        "all points of the map": lambda: catalogue.map.points(1),
        "ids of ready tracks, for a comparison": lambda: deque(catalogue.indexing.ready_ids(), maxlen=0),
        "first page of tracks": catalogue.browsing.page,
        "first page of albums": lambda: catalogue.albums.albums(AlbumSelection()),
        "first page of artists": lambda: catalogue.albums.artists(ArtistSelection()),
        "genres": catalogue.browsing.file_genres,
        "libraries": catalogue.libraries.all,
    }
    figures = {f"{name}, ms": min(seconds(read) for _ in range(ROUNDS)) * 1000 for name, read in reads.items()}
    catalogue.close()
    return figures


def seconds(work: Callable[[], object]) -> float:
    """Return how long a function takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
