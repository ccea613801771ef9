"""Measure what the recommendation log adds to answers: two services with the same library, one with and one without it.

    python tests/perf/bench_log.py [--tracks 20000] [--pairs 1000]

Both get the same requests in pairs, one after the other in random order, so that whatever else runs on the machine
slows both. The thread of the log writes during the next requests. It fails if the 95th percentile is higher by more
than 1 ms; on a busy machine it varies by more than that between runs, as the interval (a bootstrap over pairs) shows.
The time that a request spends on the log is measured in this process, too: its median hardly depends on the others.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))  # a script's folder is on the path, not the repository

from services.catalog import Catalogue
from services.catalog.questions import question_as_json
from services.domain.listening import EventKind, NewListen, Recommendation
from services.domain.question import Question
from services.domain.recommendation_log import AnswerKind
from services.experiments.assignment import Experiments
from services.recommend.answer_log import AnswerLog
from services.settings import Settings
from services.settings.recommending import LogMode
from tests.fakes.serving import api_process, free_port
from tests.fakes.valkey import started_valkey
from tests.perf.bench_recommend import Ask, name, recommend, served, similar, written
from tests.perf.verdicts import CONSOLE, at_most, show

LISTENS = 1_000
"""As many as an answer uses."""

WARM_UP = 20
RECORDED = 400
"""Fewer than the queue takes."""

RESAMPLES = 2_000
LIMIT_MS = 1.0


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        without, with_log = Path(folder) / "off", Path(folder) / "all"
        without.mkdir()
        written(options.tracks, without)
        listen(without, options.tracks)
        with served(without, options.tracks):
            pass  # builds the index
        shutil.copytree(without, with_log)
        compare(without, with_log, options.tracks, options.pairs)


def listen(folder: Path, count: int) -> None:
    """Store the listens of a listener, of tracks of three clusters."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    now = datetime.now(UTC)
    listens = [
        NewListen(
            names=(name((number % 3 + 200 * number) % count),),
            kind=EventKind.SKIP if number % 5 == 0 else EventKind.PLAY,
            at=now - timedelta(hours=number),
            played_ms=30_000,
        )
        for number in range(LISTENS)
    ]
    catalogue.listens.add("ada", listens)
    catalogue.close()


def compare(without: Path, with_log: Path, count: int, pairs: int) -> None:
    """Ask both services in pairs, and check that the log has every answer."""
    with ExitStack() as opened:
        clients = {
            mode: opened.enter_context(service(folder, mode)) for mode, folder in (("off", without), ("all", with_log))
        }
        worst = 0.0
        rows: list[tuple[str, ...]] = []
        for title, asked in questions(count):
            times = took(clients, asked, pairs)
            before, after = np.percentile(times, 95, axis=0)
            low, high = interval(times)
            worst = max(worst, after - before)
            middle = np.median(times, axis=0)
            moved = f"{after - before:+.2f} ({low:+.2f} to {high:+.2f})"
            rows.append((title, f"{middle[0]:.1f} / {middle[1]:.1f}", f"{before:.1f} / {after:.1f}", moved))
        show(
            f"{count:,} tracks, {pairs:,} pairs of requests, ms without / with the log",
            ("question", "p50", "p95", "p95 moves by (95 %)"),
            rows,
        )
        logged = wait_for_log(with_log, len(rows) * (pairs + WARM_UP))
    CONSOLE.print(f"{logged:,} answers in the log; the 95th percentile moves by {at_most(worst, LIMIT_MS)} ms at most")
    CONSOLE.print(f"a request spends {at_most(on_the_path(with_log), LIMIT_MS)} ms on the log (median)")
    sys.exit(worst > LIMIT_MS)


@contextmanager
def service(folder: Path, mode: str) -> Iterator[httpx.Client]:
    """A client of an API process with a mode of the log, and with a broker of its own."""
    broker, port = started_valkey(), free_port()
    url = f"http://127.0.0.1:{port}"
    try:
        with (
            api_process(folder, broker.connection_url, port, SEGUE_RECOMMENDATION_LOG=mode),
            httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        ):
            yield client
    finally:
        broker.stop()


def questions(count: int) -> Iterator[tuple[str, Iterator[Ask]]]:
    """Yield the questions that are asked, each with its requests."""
    random = np.random.default_rng(1)
    yield "similar to one, 10 tracks", similar(random, count)
    yield "50 events, 20 tracks", recommend(random, count, 50)
    yield f"a listener with {LISTENS:,} listens, 20 tracks", recommend(random, count, 1, user="ada")


def took(clients: dict[str, httpx.Client], asked: Iterator[Ask], pairs: int) -> np.ndarray:
    """(pairs, 2): milliseconds without and with the log, after a few pairs that are not counted."""
    random, times = np.random.default_rng(2), np.zeros((WARM_UP + pairs, 2))
    for number in range(WARM_UP + pairs):
        ask = next(asked)
        for place in random.permutation(2):
            began = time.perf_counter()
            ask(list(clients.values())[place]).raise_for_status()
            times[number, place] = (time.perf_counter() - began) * 1000
    return times[WARM_UP:]


def interval(times: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of the difference of the 95th percentiles."""
    random = np.random.default_rng(3)
    drawn = random.integers(len(times), size=(RESAMPLES, len(times)))
    ends = np.percentile(times[drawn], 95, axis=1)  # (resamples, 2)
    low, high = np.percentile(ends[:, 1] - ends[:, 0], [2.5, 97.5])
    return float(low), float(high)


def on_the_path(folder: Path) -> float:
    """Return the median milliseconds that a request of the listener spends on the log."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    log, times = AnswerLog(catalogue, LogMode.ALL, Experiments()), []
    question = Question(remembered=catalogue.listens.remembered("ada", repeat_after=timedelta(days=14)))
    found = [Recommendation(name(number), 0.5, (name(0),), 0) for number in range(20)]
    for _ in range(RECORDED):
        began = time.perf_counter()
        entry = log.open(AnswerKind.RECOMMENDATIONS, listener="ada")
        log.record(entry, partial(question_as_json, entry.asked(question)), found)
        times.append((time.perf_counter() - began) * 1000)
    log.close()
    catalogue.close()
    return float(np.median(times))


def wait_for_log(folder: Path, expected: int) -> int:
    """Return the number of logged answers, once all of them are written."""
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    until = time.monotonic() + 60
    while (found := sum(1 for _ in catalogue.recommendation_log.answers())) < expected and time.monotonic() < until:
        time.sleep(1)
    catalogue.close()
    assert found == expected, f"{expected} answers were given, {found} were logged"
    return found


if __name__ == "__main__":
    main()
