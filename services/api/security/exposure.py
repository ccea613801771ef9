"""Whether the API may listen where it is told to: beyond this machine only if somebody holds a key."""

from services.catalog import Catalogue
from services.domain.errors import NotConfigured
from services.settings import Settings


def refuse_exposure(settings: Settings, catalogue: Catalogue) -> None:
    """Look, before anything listens.

    Raises:
        NotConfigured: keys are needed and there is none.
    """
    if not settings.needs_keys or catalogue.keys.any_active():
        return
    why = (
        "SEGUE_REQUIRE_KEYS is on"
        if settings.listens_to_loopback_only
        else f"The HTTP API is to listen on {settings.host}, beyond this machine"
    )
    raise NotConfigured(
        f"{why}, and there is no API key yet. Make one first: `segue keys create NAME --scope admin` prints it, once."
    )


def refuse_exposure_at_start(settings: Settings) -> None:
    """The same for a process that has not opened the catalogue.

    Raises:
        NotConfigured: keys are needed and there is none.
        CatalogueUnavailable: it cannot be known.
    """
    if not settings.needs_keys:
        return
    catalogue = Catalogue.open(settings.catalogue_url)
    try:
        catalogue.migrate()
        refuse_exposure(settings, catalogue)
    finally:
        catalogue.close()
