"""`segue up`: everything on one machine, in the foreground."""

import signal
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from services.cli import output
from services.cli.library import follow_scan, request_scan, wait_for_index
from services.client import SegueClient
from services.domain.errors import AlreadyRunning, PathNotScannable, ServiceUnreachable, Unavailable
from services.domain.listening import plays
from services.domain.question import Question
from services.domain.track import TrackStatus
from services.ingest.roots import roots_with_folder
from services.local.supervisor import Supervisor
from services.settings import Settings
from services.storage.locks import running_url

# Starting the API takes a second or two; a slow disk or a busy machine may need many times that.
READY_SECONDS = 120.0
TEND_EVERY_SECONDS = 0.5
EXAMPLE_SIZE = 5
# The example's seed is the middle one of so many: the first in a library is often an oddity.
EXAMPLE_FROM = 100


def run(settings: Settings, folder: Path | None, *, once: bool) -> None:
    """Start everything, analyse the folder if one is given, and serve until Ctrl-C.

    Raises:
        AlreadyRunning: it runs already, and there is no folder that the running one could scan.
        PathNotScannable, NotConfigured, Unavailable: it could not start.
    """
    if folder is not None and not folder.expanduser().exists():
        raise PathNotScannable(f"'{folder}' does not exist.")
    if folder is not None:
        settings = settings.model_copy(update={"library_roots": roots_with_folder(settings, folder)})
    _interrupt_on(signal.SIGTERM, signal.SIGHUP)
    try:
        with Supervisor(settings, output.note) as supervisor:
            _serve(supervisor, settings, folder, once=once)
    except AlreadyRunning:
        url = running_url(settings)
        if folder is None or url is None:
            raise
        output.note(f"Segue is already running at {url}: it scans {folder}.")
        with SegueClient(url, key=settings.client_key) as client:
            _scan_and_show(client, folder, lambda: None)
    except KeyboardInterrupt:
        output.note("Stopped.")


def _serve(supervisor: Supervisor, settings: Settings, folder: Path | None, *, once: bool) -> None:
    try:
        with SegueClient(settings.service_url, key=supervisor.client_key) as client:
            _wait_until_ready(supervisor, client)
            output.note(f"Segue serves {settings.service_url} and keeps its data in {settings.data_path}")
            if folder is not None:
                _scan_and_show(client, folder, supervisor.tend)
        if once:
            return
        output.note(f"Listening at {settings.service_url} (documentation: /docs). Ctrl-C stops everything.")
        while True:
            time.sleep(TEND_EVERY_SECONDS)
            supervisor.tend()
    except KeyboardInterrupt:
        output.note("Stopping. What is unfinished goes on at the next start.")


def _wait_until_ready(supervisor: Supervisor, client: SegueClient) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.check()
        try:
            if client.ready().ready:
                return
        except ServiceUnreachable:
            pass  # not listening yet
        time.sleep(0.05)
    raise Unavailable(f"The service was not ready after {READY_SECONDS:.0f} s. Its logs are in the data directory.")


def _scan_and_show(client: SegueClient, folder: Path, tick: Callable[[], None]) -> None:
    job = follow_scan(client, request_scan(client, folder), tick)
    output.show_failures(job)
    wait_for_index(client, tick)
    library = list(islice(client.tracks(status=TrackStatus.READY), EXAMPLE_FROM))
    if not library:
        output.note("No track of the library could be analysed, so there is nothing to recommend yet.")
        return
    seed = library[len(library) // 2]
    answer = client.recommend(Question(history=plays([seed.id]), limit=EXAMPLE_SIZE))
    output.show_example(seed, answer.tracks)


def _interrupt_on(*signals: signal.Signals) -> None:
    for number in signals:
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` asks to ignore the terminal's end
            signal.signal(number, signal.default_int_handler)
