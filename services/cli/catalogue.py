"""Opening the catalogue for a command, without what only some commands import."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from services.catalog import Catalogue
from services.settings import Settings
from services.storage.locks import shared_catalogue_lock


@contextmanager
def open_catalogue(settings: Settings) -> Iterator[Catalogue]:
    """Open the catalogue, which a restore cannot replace meanwhile."""
    opened = Catalogue.open(settings.catalogue_url, rules=settings.tag_rules)
    with shared_catalogue_lock(settings), closing(opened) as catalogue:
        catalogue.migrate()
        yield catalogue
