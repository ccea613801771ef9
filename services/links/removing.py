"""Remove a linked server."""

from services.catalog import Catalogue
from services.domain.links import place_of
from services.links.passwords import remove_password
from services.settings import Settings


def remove_link(catalogue: Catalogue, settings: Settings, name: str) -> None:
    """Remove a link, its password, the ids that it gave to tracks, and the places of downloaded tracks.

    Raises:
        LinkNotFound: there is no link with this name.
    """
    catalogue.links.get(name)
    # The password first, so that no download begins; the link last, so that a removal that stopped can be repeated.
    remove_password(settings, name)
    catalogue.library.forget_files([place_of(name, song) for song in catalogue.links.downloaded(name)])
    catalogue.links.remove(name)
