"""Commands that ask about the library, most of them through the running service."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.api.request_limits import QUARANTINED_SHOWN
from services.api.schemas.service import IndexStatus, Quarantined, Status
from services.api.schemas.tracks import Job, Track
from services.catalog import Catalogue
from services.cli import output
from services.client import PAGE, SegueClient
from services.domain.errors import InvalidRequest, NotFound, Refused, SegueError, ServiceUnreachable, Unavailable
from services.domain.job import JobState
from services.domain.listening import plays
from services.domain.question import Question
from services.domain.radio import RadioStart, Seeds
from services.domain.track import TrackStatus
from services.settings import Settings, load_settings
from services.storage.locks import running_url, shared_catalogue_lock

# So many are named when words fit several.
CANDIDATES_SHOWN = 5


def resolve(client: SegueClient, name: str) -> Track:
    """The track with this id or external id, or the only one whose artist, album and title hold these words.

    Raises:
        NotFound: there is none.
        InvalidRequest: there are several; the message names some.
    """
    try:
        return client.track(name)
    except NotFound:
        found = list(islice(client.tracks(name), PAGE))
    exact = [track for track in found if track.title.casefold() == name.casefold()]
    candidates = exact or found
    if not candidates:
        raise NotFound(f"No track has the id '{name}', and none has these words in its artist, album and title.")
    if len(candidates) > 1:
        listed = "\n".join(f"  {track.id}  {output.described(track)}" for track in candidates[:CANDIDATES_SHOWN])
        more = "\n  …" if len(candidates) > CANDIDATES_SHOWN else ""
        raise InvalidRequest(f"'{name}' could be any of these; add words or give the id:\n{listed}{more}")
    return candidates[0]


def scan(folder: Path, *, as_json: bool) -> None:
    """Scan a folder and show what came of it.

    Raises:
        SegueError: the scan as a whole failed.
    """
    with connect(load_settings()) as client:
        job = follow_scan(client, request_scan(client, folder))
        wait_for_index(client)
    if as_json:
        output.print_json(job)
    else:
        output.show_failures(job)
    if job.state == JobState.FAILED:
        raise SegueError(job.reason or f"The scan of {folder} failed.")


def status(*, as_json: bool) -> None:
    """Show what Segue knows: from the service if it runs, else from the catalogue."""
    settings = load_settings()
    try:
        answer = _status_of_service(settings)
        running = answer is not None
    except Refused:  # it runs, but this command has no key for it
        answer, running = None, True
    found = answer or _status_of_catalogue(settings)
    if as_json:
        output.print_json(found.model_dump(mode="json") | {"running": running})
    else:
        output.show_status(found, running=running, refused=running and answer is None)


def similar(name: str, limit: int, *, as_json: bool) -> None:
    """List the nearest tracks to one."""
    with connect(load_settings()) as client:
        seed = resolve(client, name)
        answer = client.similar(seed.id, limit=limit)
    if as_json:
        output.print_json(answer)
        return
    output.note(f"Like {output.described(seed)}:")
    output.show_recommended(answer.tracks)


def recommend(names: list[str], limit: int, *, as_json: bool) -> None:
    """List what to play after some tracks."""
    with connect(load_settings()) as client:
        played = [resolve(client, name) for name in names]
        answer = client.recommend(Question(history=plays(track.id for track in played), limit=limit))
    if as_json:
        output.print_json(answer)
        return
    output.note(f"After {', '.join(output.described(track) for track in played)}:")
    output.show_recommended(answer.tracks)


def reindex(*, as_json: bool) -> None:
    """Ask for a new index; a running service builds it now, another at its next start."""
    settings = load_settings()
    with _catalogue(settings) as catalogue:
        generation = catalogue.indexing.rebuild()
    if as_json:
        output.print_json({"generation": generation})
    elif running_url(settings) is None:
        output.note("The index is built anew when Segue starts.")
    else:
        output.note("The running service builds the index anew; it answers from the old one until then.")


def retry(*, as_json: bool) -> None:
    """Set refused tracks back; a worker's next look at what is unfinished, within a minute, finds them."""
    settings = load_settings()
    with _catalogue(settings) as catalogue:
        count = catalogue.analyses.retry()
    if as_json:
        output.print_json({"retried": count})
    else:
        when = "when Segue starts" if running_url(settings) is None else "within a minute"
        output.note(f"{count} tracks are analysed once more {when}.")


def connect(settings: Settings) -> SegueClient:
    """A client of the service that the settings or this machine name."""
    return SegueClient(settings.url or running_url(settings) or settings.service_url, key=settings.client_key)


@contextmanager
def _catalogue(settings: Settings) -> Iterator[Catalogue]:
    with shared_catalogue_lock(settings), closing(Catalogue.open(settings.catalogue_url)) as catalogue:
        catalogue.migrate()
        yield catalogue


def _status_of_service(settings: Settings) -> Status | None:
    """Return the status of the service of this installation; None if it does not run.

    Raises:
        Refused: the service needs another key.
        ServiceUnreachable: `SEGUE_URL` or a running `segue up` names a service that does not answer.
    """
    named = settings.url or running_url(settings)
    with SegueClient(named or settings.service_url, key=settings.client_key) as client:
        try:
            found = client.status()
        except ServiceUnreachable:
            if named is not None:
                raise
            return None
    # Without a lock the port alone tells nothing: the service of another installation may listen on it.
    is_ours = named is not None or found.data_dir in {None, str(settings.data_path)}
    return found if is_ours else None


def _status_of_catalogue(settings: Settings) -> Status:
    with _catalogue(settings) as catalogue:
        ready = catalogue.tracks.page(status=TrackStatus.READY, limit=1).tracks
        quarantined = catalogue.tracks.page(status=TrackStatus.QUARANTINED, limit=QUARANTINED_SHOWN).tracks
        return Status(
            version=version("segue"),
            url=settings.service_url,
            data_dir=str(settings.data_path),
            model_version=ready[0].model_version if ready else None,
            tracks={name.value: count for name, count in catalogue.tracks.count_by_status().items()},
            index=IndexStatus(
                kind="edge" if settings.qdrant_url is None else "server",
                points=0,
                pending=catalogue.indexing.count_pending(),
            ),
            quarantined=[Quarantined.of(track) for track in quarantined],
        )


def path(start: str, end: str, steps: int, *, as_json: bool) -> None:
    """List a path between two tracks."""
    with connect(load_settings()) as client:
        first, last = resolve(client, start), resolve(client, end)
        found = client.path(first.id, last.id, steps=steps)
    if as_json:
        output.print_json(found)
        return
    output.note(f"From {output.described(first)} to {output.described(last)}:")
    output.show_path(found.tracks)


def radio(names: list[str], limit: int, *, as_json: bool) -> None:
    """Start a session and list its first tracks."""
    with connect(load_settings()) as client:
        seeds = [resolve(client, name) for name in names]
        session = client.start_radio(RadioStart(seeds=Seeds(tracks=tuple(track.id for track in seeds))))
        found = client.next_radio_tracks(session.id, limit=limit)
    if as_json:
        output.print_json(found.model_dump(mode="json") | {"id": session.id})
        return
    output.note(f"Radio {session.id} from {', '.join(output.described(track) for track in seeds)}:")
    output.show_recommended(found.tracks)


POLL_SECONDS = 0.25
# The index takes an analysis in within 2 s; one that is being rebuilt needs longer, and no one should wait for that.
INDEX_PATIENCE_SECONDS = 30.0
# A worker begins within seconds, as soon as it has loaded its encoder.
SILENCE_SECONDS = 60.0


def request_scan(client: SegueClient, folder: Path) -> Job:
    """Ask for a scan of a path as the user wrote it.

    Raises:
        PathNotScannable: there is nothing to read at that path.
    """
    return client.scan(folder.expanduser().absolute())


def follow_scan(client: SegueClient, job: Job, tick: Callable[[], None] = lambda: None) -> Job:
    """Show a job's progress until it ends; `tick` is called all along."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    silent_until = time.monotonic() + SILENCE_SECONDS
    with Progress(*columns, console=output.messages) as progress:
        bar = progress.add_task("", total=None, failed="")
        while True:
            listing = job.total == 0 and job.state != JobState.DONE
            progress.update(
                bar,
                description="Listing files" if listing else "Analysing",
                total=None if listing else job.total,
                completed=job.done + job.failed,
                failed=f"{job.failed} failed" if job.failed else "",
            )
            if job.state in {JobState.DONE, JobState.FAILED}:
                return job
            if job.state == JobState.QUEUED and time.monotonic() > silent_until:
                silent_until = math.inf
                output.note("No worker has begun yet. Its log says why: logs/worker.log in the data directory.")
            time.sleep(POLL_SECONDS)
            tick()
            job = _job_now(client, job)


def _job_now(client: SegueClient, job: Job) -> Job:
    try:
        return client.job(job.id)
    except Unavailable:
        return job  # a service that is being restarted goes on with it


def wait_for_index(client: SegueClient, tick: Callable[[], None] = lambda: None) -> None:
    """Wait, but not for ever, until the index has taken everything in."""
    deadline = time.monotonic() + INDEX_PATIENCE_SECONDS
    while client.status().index.pending and time.monotonic() < deadline:
        tick()
        time.sleep(POLL_SECONDS)
