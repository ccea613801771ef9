"""`segue reindex`: request new indexes, and wait for their builds."""

import time

from services.catalog import Catalogue
from services.cli import output
from services.cli.catalogue import open_catalogue
from services.domain.errors import AlreadyRunning, IndexUnavailable
from services.domain.vector_index import PICTURES, TRACKS
from services.settings import Settings, load_settings
from services.storage.locks import running_url

POLL_SECONDS = 0.5
# A service looks for a new generation several times a second, and the task of a Qdrant server starts every 15 s.
BEGIN_SECONDS = 30.0


def reindex(*, wait: bool, as_json: bool) -> None:
    """Request a new generation of the index, and wait until it is served if a service runs.

    Raises:
        AlreadyRunning: a build runs.
        IndexUnavailable: the build failed, or was refused.
    """
    settings = load_settings()
    with open_catalogue(settings) as catalogue:
        if (running := catalogue.index_builds.running()) is not None:
            raise AlreadyRunning(f"A build of the index runs already ({output.build_line(running)}). Wait for it.")
        for failed in catalogue.index_builds.all():
            catalogue.index_builds.drop(failed.collection)
        generation = catalogue.indexing.rebuild()
        is_served = wait and _runs(settings) and _wait(catalogue, generation)
    if as_json:
        output.print_json({"generation": generation, "served": is_served})
    elif is_served:
        output.print_message(f"The new index is served (generation {generation}).")
    else:
        output.print_message(
            "Requested a rebuild of the index. A running service starts it now and uses the old index meanwhile; "
            "otherwise the next start does."
        )


def _runs(settings: Settings) -> bool:
    return settings.qdrant_url is not None or running_url(settings) is not None


def _wait(catalogue: Catalogue, generation: int) -> bool:
    """Print the progress of the builds until all are served; return whether they are. Nobody may begin them.

    Raises:
        IndexUnavailable: a build failed.
    """
    told, waited_since = "", time.monotonic()
    while not all((catalogue.index_builds.served(each.name) or 0) >= generation for each in (TRACKS, PICTURES)):
        for build in catalogue.index_builds.all():
            if build.problem is not None:
                raise IndexUnavailable(f"The index of {build.collection} is not built. {build.problem}")
            waited_since = time.monotonic() if build.is_running else waited_since
            if (line := output.build_line(build)) != told:
                output.print_message(line)
                told = line
        if time.monotonic() - waited_since > BEGIN_SECONDS:
            return False
        time.sleep(POLL_SECONDS)
    return True
