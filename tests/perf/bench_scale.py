"""Measure what surrounds the index as a library grows, and print a table with ratios and one JSON.

    python tests/perf/bench_scale.py [--tracks 10000 100000] [--data DIR]

It writes a catalogue of each size (a million tracks take 8.4 GB and ten minutes; with `--data` they are kept), starts
`segue up` on it, and measures until it answers, its memory, requests of several clients, and how soon a new track is
found. It builds the index again while a client sends requests. Then it reads the catalogue as pages and periodic tasks
do. If `SEGUE_TEST_QDRANT_URL` names a Qdrant server, it holds the index.
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
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
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
from tests.perf.verdicts import CONSOLE, at_most, show

SEGUE = str(Path(sys.executable).with_name("segue"))
START, MEMORY, FRESH = "segue up: answering, s", "API process, resident MB", "analysis recorded → found, p95 s"
SIMILAR, HISTORY = "similar", "50 events, two filters"
SIMILAR_TOGETHER, HISTORY_TOGETHER = f"{SIMILAR}, 4 clients, p95 ms", f"{HISTORY}, 4 clients, p95 ms"
BUILT, BESIDE_BUILD = "index built beside requests, s", "p95 beside the build ÷ quiet"
AIMS = {
    START: 8.0,
    MEMORY: 1024.0,
    FRESH: 2.0,
    SIMILAR_TOGETHER: 20.0,
    HISTORY_TOGETHER: 50.0,
    BUILT: 480.0,
    BESIDE_BUILD: 2.0,
}
"""What the largest library must reach."""
GROWTH, GROWING = 2.0, (f"{SIMILAR}, p50 ms", f"{HISTORY}, p50 ms")
"""How much larger these may be in the largest library than in the smallest."""
BUILD_SECONDS, LOST_SECONDS = 1_800.0, 60.0
NEW_TRACKS, REQUESTS, ROUNDS, CLIENTS = 20, 100, 3, 4
BESIDE = 0.02
FILTERS = {"tempo": {"min": 90, "max": 150}, "energy": {"min": 0.3}}
MIB = 1024 * 1024

Figures = dict[str, float]
Request = tuple[str, str, bytes | None]
"""Method, path and body."""


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
    show("A library as it grows", ("what", *(f"{size:,}" for size in sizes), "ratio"), table(found))
    if "SEGUE_TEST_QDRANT_URL" not in os.environ:
        CONSOLE.print("Not run, because SEGUE_TEST_QDRANT_URL names no Qdrant server: the same with its index")
    print(json.dumps({str(size): figures for size, figures in found.items()}))


def table(found: dict[int, Figures]) -> list[tuple[str, ...]]:
    """Return the figures of each size, the ratio of the largest to the smallest, and which aims are reached."""
    *others, largest = (found[size] for size in sorted(found))
    smallest = (others or [largest])[0]
    rows = []
    for name, value in largest.items():
        ratio = value / smallest[name]
        rows.append(
            (
                name,
                *(f"{each[name]:.1f}" for each in others),
                at_most(value, AIMS[name]) if name in AIMS else f"{value:.1f}",
                at_most(ratio, GROWTH) if name in GROWING else f"{ratio:.1f}",
            )
        )
    return rows


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
        figures[START] = time.perf_counter() - began
        wait_for_index(client, count)
        asks = {SIMILAR: similar(count), HISTORY: recommend(count)}
        for name, ask in asks.items():
            figures[f"{name}, p50 ms"] = float(np.median(times(client.base_url, ask)))
        for name, ask in asks.items():
            figures[f"{name}, {CLIENTS} clients, p95 ms"] = together(client.base_url, ask)
        figures |= fresh(folder, client, tracks)
        figures |= beside(folder, client, asks[SIMILAR])
        figures[MEMORY] = resident(process.pid)
    return figures


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Run `segue up` until it answers, and stop it at the end."""
    port = free_port()
    environment = environment_of(folder) | {"SEGUE_PORT": str(port), "SEGUE_WATCH": "false"}
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


def environment_of(folder: Path) -> dict[str, str]:
    """Return the environment of commands on a data directory."""
    server = {"SEGUE_QDRANT_URL": url} if (url := os.environ.get("SEGUE_TEST_QDRANT_URL")) else {}
    return os.environ | server | {"SEGUE_DATA_DIR": str(folder)}


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


def similar(count: int) -> Iterator[Request]:
    """One request after another for the neighbours of some track."""
    random = np.random.default_rng(1)
    while True:
        yield "GET", f"/v1/tracks/{any_of(random, count)}/similar", None


def recommend(count: int) -> Iterator[Request]:
    """One request after another with a history of 50 plays."""
    random = np.random.default_rng(2)
    while True:
        history = [{"track_id": any_of(random, count), "event": "play"} for _ in range(50)]
        yield "POST", "/v1/recommendations", json.dumps({"history": history, "filters": FILTERS}).encode()


def times(url: httpx.URL, asks: Iterator[Request], while_: Callable[[], bool] = lambda: False) -> list[float]:
    """Return the milliseconds of `REQUESTS` requests, and of more as long as a condition is met."""
    # A lean client, because those of a test share two processors with the service.
    connection, found = HTTPConnection(url.host, url.port, timeout=60), list[float]()
    with closing(connection):
        while len(found) < REQUESTS or while_():
            method, path, body = next(asks)
            began = time.perf_counter()
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            found.append((time.perf_counter() - began) * 1000)
            if answer.status != HTTPStatus.OK:
                sys.exit(f"{method} {path} ended with the status {answer.status}.")
    return found


def together(url: httpx.URL, asks: Iterator[Request]) -> float:
    """Return the 95th percentile in milliseconds of requests of several clients at once."""
    prepared = [iter([next(asks) for _ in range(REQUESTS)]) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = clients.map(lambda own: times(url, own), prepared)
    return float(np.percentile([each for client in found for each in client], 95))


def beside(folder: Path, client: httpx.Client, asks: Iterator[Request]) -> Figures:
    """Build the index again while a client sends requests."""
    quiet = np.percentile(times(client.base_url, asks), 95)
    began = time.perf_counter()
    command = [SEGUE, "reindex", "--json"]
    with subprocess.Popen(command, env=environment_of(folder), stdout=subprocess.PIPE, text=True) as build:
        found = times(client.base_url, asks, lambda: build.poll() is None)
        took = time.perf_counter() - began
        told = build.stdout.read() if build.stdout else ""
    if build.returncode or not json.loads(told.splitlines()[-1])["served"]:
        sys.exit(f"The index was not built: {told}")
    return {BUILT: took, BESIDE_BUILD: float(np.percentile(found, 95) / quiet)}


def fresh(folder: Path, client: httpx.Client, tracks: Tracks) -> Figures:
    """Add tracks beside others, and return how soon after the record of its analysis each is among their neighbours."""
    random, waited = np.random.default_rng(2), []
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
        waited.append(time.perf_counter() - began)
    catalogue.library.forget_files(paths)
    catalogue.close()
    return {FRESH: float(np.percentile(waited, 95))}


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
        "lost work": lambda: catalogue.turns.take_back(timedelta(hours=1)),
        "adopt the model": lambda: catalogue.spaces.adopt(MODEL),
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
        "genres with their albums": lambda: catalogue.browsing.genres_in(None),
        "all artists": catalogue.albums.all_artists,
        "genres on the map": lambda: catalogue.map.values(1, "genre"),
        "energy on the map": lambda: catalogue.map.values(1, "energy"),
        "known files of a scan": lambda: catalogue.library.known_files(ROOT),
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
