"""`segue up`: run Segue on one machine, in the foreground."""

import signal
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from segue_client import Segue, ServiceUnreachable

from models.ffmpeg import find_ffmpeg, install_command
from services.cli import output
from services.cli.library import follow_scan, request_scan, wait_for_index
from services.cli.machine_checks import next_model_problems
from services.domain.errors import AlreadyRunning, NotConfigured, PathNotScannable, Unavailable
from services.experiments.file import read_experiments
from services.ingest.roots import roots_with_folder
from services.local.supervisor import Supervisor
from services.settings import Settings
from services.storage.locks import running_url

# The API starts within seconds, but a slow disk or a busy machine may need far longer.
READY_SECONDS = 120.0
BUILD_POLL_SECONDS = 5.0
MAINTENANCE_SECONDS = 0.5
EXAMPLE_TRACKS = 5
# The seed of the example is the middle one of this many tracks; the first tracks of a library are often untypical.
EXAMPLE_CANDIDATES = 100


def run(settings: Settings, folder: Path | None, *, once: bool) -> None:
    """Start all processes, scan the folder if one is given, and serve until Ctrl-C.

    If Segue already runs on the data directory, its service scans the folder instead.

    Raises:
        AlreadyRunning: Segue already runs, and no folder is given.
        PathNotScannable: the folder does not exist or cannot be a library root.
        NotConfigured, Unavailable: a setting is wrong, or Segue could not start.
    """
    if folder is not None and not folder.exists():
        raise PathNotScannable(f"'{folder}' does not exist.")
    if folder is not None:
        settings = settings.model_copy(update={"library_roots": roots_with_folder(settings, folder)})
    # Otherwise a mistake is only found when everything else has started.
    read_experiments(settings.experiments)
    if settings.next_model is not None:
        for problem in next_model_problems(settings.next_model):
            raise NotConfigured(f"{problem[0].upper()}{problem[1:]}.")
    _interrupt_on(signal.SIGTERM, signal.SIGHUP)
    try:
        with Supervisor(settings, output.print_message) as supervisor:
            _serve(supervisor, settings, folder, once=once)
    except AlreadyRunning:
        url = running_url(settings)
        if folder is None or url is None:
            raise
        output.print_message(f"Segue is already running at {url}. It scans {folder} now; other options have no effect.")
        with Segue(url, key=settings.client_key) as client:
            _scan_and_show(client, folder, lambda: None)
    except KeyboardInterrupt:
        output.print_message("Stopped.")


def _serve(supervisor: Supervisor, settings: Settings, folder: Path | None, *, once: bool) -> None:
    try:
        with Segue(settings.service_url, key=supervisor.client_key) as client:
            wait_until_ready(supervisor, client)
            output.print_message(f"Segue is running at {settings.service_url}")
            output.print_message(f"Data directory: {settings.data_path}")
            if find_ffmpeg() is None:
                output.print_message(f"ffmpeg is not installed. It reads M4A, WMA and others: {install_command()}")
            if folder is not None:
                _scan_and_show(client, folder, supervisor.maintain)
        if once:
            return
        output.print_message(f"Open {settings.service_url} in a browser. The API is described at /docs.")
        output.print_message("Press Ctrl-C to stop.")
        while True:
            time.sleep(MAINTENANCE_SECONDS)
            supervisor.maintain()
    except KeyboardInterrupt:
        output.print_message("Stopping. Unfinished work continues at the next start.")


def wait_until_ready(supervisor: Supervisor, client: Segue) -> None:
    """Wait until the service is ready, however long it builds an index for."""
    deadline, pause, told = time.monotonic() + READY_SECONDS, 0.05, ""
    while time.monotonic() < deadline:
        supervisor.check_started()
        try:
            if client.ready().ready:
                return
            build = client.status().index.build
        except ServiceUnreachable:
            build = None  # it does not listen yet
        if build is not None and build.problem is None:
            if (line := f"Building the index of {output.build_line(build)}") != told:
                output.print_message(line)
            deadline, pause, told = time.monotonic() + READY_SECONDS, BUILD_POLL_SECONDS, line
        time.sleep(pause)
    raise Unavailable(f"The service was not ready after {READY_SECONDS:.0f} s. See the logs in the data directory.")


def _scan_and_show(client: Segue, folder: Path, tick: Callable[[], None]) -> None:
    job = follow_scan(client, request_scan(client, folder), tick)
    output.print_job(job)
    wait_for_index(client, tick)
    library = list(islice(client.tracks(status="ready"), EXAMPLE_CANDIDATES))
    if not library:
        output.print_message("The library has no analysed tracks yet, so there is nothing to recommend.")
        return
    seed = library[len(library) // 2]
    answer = client.recommend([seed.id], limit=EXAMPLE_TRACKS, private=True)
    output.print_example(seed, answer.tracks)


def _interrupt_on(*signals: signal.Signals) -> None:
    for number in signals:
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` ignores SIGHUP
            signal.signal(number, signal.default_int_handler)
