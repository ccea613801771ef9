"""`segue doctor`: what is wrong with the installation, and what to do about it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from shlex import quote
from urllib.parse import urlsplit

from services.cli import machine_checks, output, server_checks
from services.cli.catalogue import open_catalogue
from services.composition import open_server_index
from services.domain.errors import SegueError
from services.domain.vector_index import PICTURES, TRACKS
from services.logs import configure_logging
from services.settings import Settings, load_settings
from services.settings.index import IndexSettings
from services.tasks.presence import Workers
from services.tasks.queue import ANALYSE_TASK, INDEX_TASK, ROUTES, open_queue

Check = Callable[[Settings], Iterator[str]]


def run(*, as_json: bool) -> bool:
    """Check each part, print its problems, and return whether there are none."""
    settings = load_settings()
    configure_logging("ERROR")  # what the parts warn of is in the problems, and the answer has standard output alone
    found = {part: _problems(check, settings) for part, check in PARTS.items()}
    notes = _problems(machine_checks.ffmpeg, settings)
    if as_json:
        output.print_json({"ok": not any(found.values()), "problems": found, "notes": {"ffmpeg": notes}})
    else:
        for part, problems in found.items():
            output.print_lines(*_lines(part, problems))
        output.print_lines(*([f"note     ffmpeg: {note}" for note in notes] or ["ok       ffmpeg"]))
    return not any(found.values())


def _lines(part: str, problems: Sequence[str]) -> list[str]:
    return [f"PROBLEM  {part}: {problem}" for problem in problems] or [f"ok       {part}"]


def _problems(check: Check, settings: Settings) -> list[str]:
    problems: list[str] = []
    try:
        problems.extend(check(settings))
    except SegueError as error:
        problems.append(error.detail)
    return problems


def _catalogue(settings: Settings) -> Iterator[str]:
    with open_catalogue(settings) as catalogue:
        for build in catalogue.index_builds.all():
            if build.problem is not None:
                yield f"the last build of the index of {build.collection} failed: {build.problem}"


def _members(settings: Settings) -> Iterator[str]:
    with open_catalogue(settings) as catalogue:
        for library, listeners in catalogue.libraries.forgotten_members().items():
            for listener in listeners:
                change = f"{quote(library)} {quote(listener)}"
                yield (
                    f"{listener} has listens or playlists in '{library}', but is a member of no library, and gets all "
                    f"tracks: run `segue libraries remove-member {change}` for no tracks, `segue libraries add-member "
                    f"{change}` for those of '{library}', or `segue libraries allow-all {quote(listener)}` for all"
                )


def _workers(settings: Settings) -> Iterator[str]:
    if settings.redis_url is None:
        return  # `segue up` starts broker and workers itself
    workers = Workers(open_queue(settings))
    served = {queue for worker in workers.alive() for queue in worker.queues}
    needed = [ANALYSE_TASK] if settings.qdrant_url is None else [ANALYSE_TASK, INDEX_TASK]
    for queue in sorted({ROUTES[task]["queue"] for task in needed} - served):
        yield f"no worker serves the queue `{queue}`; start one with `segue worker`"
    if not workers.has_scheduler():
        yield "no scheduler sends the periodic tasks; start one with `segue worker --beat`"


def _index(settings: Settings) -> Iterator[str]:
    if settings.qdrant_url is None:
        for name in sorted(settings.model_fields_set & (IndexSettings.model_fields.keys() - {"qdrant_url"})):
            yield f"SEGUE_{name.upper()} has no effect without SEGUE_QDRANT_URL"
        return
    silent = list(_silent_nodes(settings))
    yield from silent
    if len(silent) < len(settings.qdrant_urls):
        with open_catalogue(settings) as catalogue:
            view = catalogue.spaces.latest()
        for collection in (TRACKS, PICTURES):
            suffix = view.suffix(view.served)
            with closing(open_server_index(settings, collection, for_requests=True, suffix=suffix)) as index:
                for difference in index.differences():
                    yield f"{collection.name}: {difference}; `segue reindex` applies the settings"
                for replica in index.inactive_replicas():
                    yield f"{collection.name}: {replica}"


def _silent_nodes(settings: Settings) -> Iterator[str]:
    for url in settings.qdrant_urls:
        alone = settings.model_copy(update={"qdrant_url": url})
        try:
            with closing(open_server_index(alone, for_requests=True)) as index:
                index.check()
        except SegueError as error:
            address = urlsplit(url)  # without a password
            yield f"node {address.hostname}:{address.port or 6333}: {error.detail}"


PARTS: dict[str, Check] = {
    "versions": machine_checks.versions,
    "data directory": machine_checks.storage,
    "memory": machine_checks.memory,
    "library folders": machine_checks.folders,
    "models": machine_checks.model_files,
    "names": machine_checks.names,
    "port": machine_checks.port,
    "database": server_checks.database,
    "catalogue": _catalogue,
    "members of libraries": _members,
    "broker": server_checks.broker,
    "broker and workers": _workers,
    "index": _index,
}
