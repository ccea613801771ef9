"""Refuse to listen beyond this machine if nobody could use the API: without an API key and without sign-in."""

from services.catalog import Catalogue
from services.domain.errors import NotConfigured
from services.settings import Settings


def refuse_exposure(settings: Settings, catalogue: Catalogue) -> None:
    """Check that an API key exists, or people can sign in, if keys are required. Call it before the API listens.

    Raises:
        NotConfigured: keys are required and none exists.
    """
    if not settings.needs_keys or settings.oidc_issuer is not None or catalogue.keys.any_active():
        return
    why = (
        "SEGUE_REQUIRE_KEYS is on"
        if settings.listens_to_loopback_only
        else f"SEGUE_HOST is {settings.host}, which other machines can reach"
    )
    raise NotConfigured(
        f"{why}, but no API key exists. Create one with `segue keys create NAME --scope admin`. It is shown once."
    )


def refuse_exposure_at_start(settings: Settings) -> None:
    """Check the same in a process that has not opened the catalogue.

    Raises:
        NotConfigured: keys are required and none exists.
        CatalogueUnavailable: the catalogue does not respond.
    """
    if not settings.needs_keys:
        return
    catalogue = Catalogue.open(settings.catalogue_url)
    try:
        catalogue.migrate()
        refuse_exposure(settings, catalogue)
    finally:
        catalogue.close()
