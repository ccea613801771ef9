"""Measure a model upgrade under load: `python tests/perf/bench_upgrade.py [--songs 60]`.

Four clients ask for similar tracks without a pause while a scan is analysed, first without and then with an upgrade to
weights with a rotated space, which fills, is served, settles, and is left again. It prints the latencies, failed
requests, and the answers that mix two spaces.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from models.checkpoint import DEFAULT_VERSION
from services.domain.track import TrackStatus
from tests.fakes.checkpoints import write_rotated
from tests.fakes.installation import Api, Installation, installation, wait_until, write_song
from tests.fakes.upgrading import Answer, Clients, is_complete, vectors_in
from tests.perf.verdicts import at_most, show

NEXT = "rotated-1"
CLIENTS = 4
RATIO_MAX = 1.5
"""Of the 95th percentiles with and without the upgrade."""
LONG = 3600.0


def main() -> None:
    """Print the measurements, and exit with code 1 if one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=60, help="in the library, and in each scan")
    songs = parser.parse_args().songs
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "data") as here, here.api() as api:
        weights = write_rotated(Path(folder) / "weights", NEXT)
        with here.worker():
            scan(here, api, Path(folder) / "first", range(songs))
            tracks = sorted(vectors_in(here.catalogue, DEFAULT_VERSION))
            quiet = Clients(api.url, tracks, CLIENTS)
            with quiet.asking():
                scan(here, api, Path(folder) / "second", range(songs, 2 * songs))
        here.environment["SEGUE_NEXT_MODEL"] = str(weights)
        busy = Clients(api.url, tracks, CLIENTS)
        with here.worker(), busy.asking():
            begun = time.perf_counter()
            scan(here, api, Path(folder) / "third", range(2 * songs, 3 * songs))
            wait_until(lambda: is_complete(here.catalogue, NEXT, 3 * songs), LONG)
            filled = time.perf_counter() - begun
            change_twice(here, busy)
        report(quiet, busy, filled, vectors_in(here.catalogue, DEFAULT_VERSION))


def scan(here: Installation, api: Api, folder: Path, seeds: range) -> None:
    """Scan songs, and wait until each is analysed and in the index."""
    for seed in seeds:
        write_song(folder / f"{seed}.flac", seed)
    assert api.http.post("/v1/scans", json={"path": str(folder)}).status_code == httpx.codes.ACCEPTED
    wait_until(lambda: here.catalogue.tracks.count_by_status()[TrackStatus.READY] == seeds.stop, LONG, every=1.0)
    wait_until(lambda: here.catalogue.indexing.count_pending() == 0, LONG)


def change_twice(here: Installation, clients: Clients) -> None:
    """Serve the next space, settle, and go back to the first one; clients ask for a while after each step."""
    store = here.catalogue.space_store
    for version in (NEXT, DEFAULT_VERSION):
        store.serve(version)
        while store.settle():
            time.sleep(0.05)
        so_far = len(clients.answers)
        wait_until(lambda so_far=so_far: len(clients.answers) > so_far + 500, LONG)


def report(quiet: Clients, busy: Clients, filled: float, vectors: dict[str, np.ndarray]) -> None:
    """Print the figures, and judge them."""
    rows = []
    for name, clients in (("a scan", quiet), ("a scan and an upgrade", busy)):
        p50, p95 = (f"{1000 * percentile(clients.answers, share):.1f} ms" for share in (50, 95))
        rows.append((name, str(len(clients.answers)), p50, p95))
    show(f"similar tracks, {CLIENTS} clients", ("during", "answers", "p50", "p95"), rows)
    ratio = percentile(busy.answers, 95) / percentile(quiet.answers, 95)
    failed = sum(answer.status != httpx.codes.OK for answer in busy.answers)
    mixed = len(busy.mixed(vectors))
    show(
        f"upgrade of {len(vectors)} tracks, filled in {filled:.0f} s",
        ("p95 with / without", "failed requests", "answers that mix"),
        [(at_most(ratio, RATIO_MAX), at_most(failed, 0), at_most(mixed, 0))],
    )
    if ratio > RATIO_MAX or failed or mixed:
        sys.exit(1)


def percentile(answers: Sequence[Answer], share: float) -> float:
    """Return a percentile of the latencies in seconds."""
    return float(np.percentile([answer.seconds for answer in answers], share))


if __name__ == "__main__":
    main()
