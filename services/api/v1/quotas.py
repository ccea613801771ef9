"""Quotas of named libraries and their usage, as in `segue libraries quota`."""

from http import HTTPStatus

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.quotas import LibraryQuota, LibraryUsage, QuotaRequest, UsageQuery
from services.api.security.permissions import needs
from services.domain.access import Scope

quotas = Blueprint("quotas", __name__, url_prefix="/v1/libraries")


@quotas.get("/<library>/quota")
@operation("getLibraryQuota", "Get the quota of a library", returns=LibraryQuota, problems=(HTTPStatus.NOT_FOUND,))
@needs(Scope.READ)
def get_quota(library: str) -> LibraryQuota:
    """Get the limits of a library."""
    return LibraryQuota.of(services().catalogue.quotas.get(library))


@quotas.put("/<library>/quota")
@operation(
    "putLibraryQuota",
    "Set the quota of a library",
    body=QuotaRequest,
    returns=LibraryQuota,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN)
def put_quota(library: str, body: QuotaRequest) -> LibraryQuota:
    """Set the limits of a library. All processes keep to them within seconds. What is over a limit already stays."""
    services().catalogue.quotas.put(library, body.quota())
    services().meter.write()
    return LibraryQuota.of(body.quota())


@quotas.get("/<library>/usage")
@operation(
    "getLibraryUsage",
    "Get what a library uses",
    query=UsageQuery,
    returns=LibraryUsage,
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.READ)
def get_usage(library: str, query: UsageQuery) -> LibraryUsage:
    """Get the tracks, the uploads, and the requests and minutes of analysis by day, with the quota."""
    catalogue = services().catalogue
    services().meter.write()
    usage = catalogue.quotas.usage(library, services().settings.uploads_path, query.days)
    return LibraryUsage.of(usage, catalogue.quotas.get(library))
