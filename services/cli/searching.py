"""The catalogue and the index, for commands that recommend without the service."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from services.catalog import Catalogue
from services.cli.catalogue import open_catalogue
from services.composition import open_server_index
from services.domain.vector_index import TRACKS, CountingSearch
from services.index.exact import ExactIndex
from services.settings import Settings


@contextmanager
def open_search(settings: Settings) -> Iterator[tuple[Catalogue, CountingSearch]]:
    """Open the catalogue and the index of the model version that is served now."""
    with ExitStack() as stack:
        catalogue = stack.enter_context(open_catalogue(settings))
        catalogue.spaces.pin()
        yield catalogue, search_index(settings, catalogue, stack)


def search_index(settings: Settings, catalogue: Catalogue, stack: ExitStack) -> CountingSearch:
    """Return the Qdrant server, or the catalogue if the API process holds the index."""
    if settings.qdrant_url is None:
        return ExactIndex(catalogue.queue_of(TRACKS))
    view = catalogue.spaces.view()
    index = open_server_index(settings, for_requests=False, suffix=view.suffix(view.served))
    stack.callback(index.close)
    return index
