"""Commands that ask about the library, most of them through the running service."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from services.api.limits import QUARANTINED_SHOWN
from services.api.service_schemas import IndexStatus, Quarantined, Status
from services.catalog import Catalogue
from services.client import SegueClient
from services.commands import output
from services.commands.naming import resolve
from services.commands.scanning import follow_scan, request_scan, wait_for_index
from services.domain.errors import SegueError
from services.domain.job import JobState
from services.domain.listening import plays
from services.domain.question import Question
from services.domain.track import TrackStatus
from services.instance import running_url, use_catalogue
from services.settings import Settings


def scan(folder: Path, *, as_json: bool) -> None:
    """Scan a folder and show what came of it.

    Raises:
        SegueError: the scan as a whole failed.
    """
    with connect(Settings()) as client:
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
    settings = Settings()
    url = settings.url or running_url(settings)
    if url is None:
        found = _status_of_catalogue(settings)
    else:
        with SegueClient(url, key=settings.client_key) as client:
            found = client.status()
    if as_json:
        output.print_json(found.model_dump(mode="json") | {"running": url is not None})
    else:
        output.show_status(found, running=url is not None)


def similar(name: str, limit: int, *, as_json: bool) -> None:
    """List the nearest tracks to one."""
    with connect(Settings()) as client:
        seed = resolve(client, name)
        answer = client.similar(seed.id, limit=limit)
    if as_json:
        output.print_json(answer)
        return
    output.note(f"Like {output.described(seed)}:")
    output.show_recommended(answer.tracks)


def recommend(names: list[str], limit: int, *, as_json: bool) -> None:
    """List what to play after some tracks."""
    with connect(Settings()) as client:
        played = [resolve(client, name) for name in names]
        answer = client.recommend(Question(history=plays(track.id for track in played), limit=limit))
    if as_json:
        output.print_json(answer)
        return
    output.note(f"After {', '.join(output.described(track) for track in played)}:")
    output.show_recommended(answer.tracks)


def reindex(*, as_json: bool) -> None:
    """Ask for a new index; a running service builds it now, another at its next start."""
    settings = Settings()
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
    settings = Settings()
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
    with use_catalogue(settings), closing(Catalogue.open(settings.catalogue_url)) as catalogue:
        catalogue.migrate()
        yield catalogue


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
