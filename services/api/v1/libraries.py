"""Named libraries: list, define and remove them, as `segue libraries` does."""

import os
from http import HTTPStatus

from flask import Blueprint

from services.api.context import services
from services.api.http.operation import operation
from services.api.schemas.libraries import Libraries, Library, LibraryRequest
from services.api.schemas.listens import listener_named
from services.api.security.authentication import principal
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.domain.libraries import NamedLibrary, check_library

libraries = Blueprint("libraries", __name__, url_prefix="/v1/libraries")


@libraries.get("")
@operation("listLibraries", "List the named libraries", returns=Libraries)
@needs(Scope.READ)
def list_libraries() -> Libraries:
    """List the named libraries with their folders and listeners. A key that is bound to some sees these."""
    return Libraries(libraries=[_shown(each) for each in services().catalogue.libraries.all()])


@libraries.put("/<library>")
@operation("putLibrary", "Define a named library", body=LibraryRequest, returns=Library)
@needs(Scope.ADMIN)
def put_library(library: str, body: LibraryRequest) -> Library:
    """Create a library, or replace the folders and listeners of one. Its files need no scan if they are known."""
    roots = [os.path.realpath(root) for root in body.roots]  # as scans store paths
    check_library(library, body.roots)
    return _shown(services().catalogue.libraries.put(library, dict.fromkeys(roots).keys(), set(body.users)))


@libraries.delete("/<library>")
@operation(
    "removeLibrary",
    "Remove a named library",
    status=HTTPStatus.NO_CONTENT,
    meaning="The library is removed.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN)
def remove_library(library: str) -> None:
    """Remove a library. Its tracks stay; keys bound to it, and its members of no other library, get no tracks.

    Add such a listener to a library, or run `segue libraries allow-all`.
    """
    services().catalogue.libraries.remove(library)


@libraries.put("/<library>/members/<user>")
@operation(
    "addMember",
    "Add a member to a library",
    status=HTTPStatus.NO_CONTENT,
    meaning="The listener is a member.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN, listener="user")
def add_member(library: str, user: str) -> None:
    """Make a listener a member of a library: their recommendations have tracks of their libraries only."""
    services().catalogue.libraries.add_member(library, listener_named(user))


@libraries.delete("/<library>/members/<user>")
@operation(
    "removeMember",
    "Remove a member from a library",
    status=HTTPStatus.NO_CONTENT,
    meaning="The listener is not a member.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN, listener="user")
def remove_member(library: str, user: str) -> None:
    """Remove a listener from a library. After the last one they get no tracks, until they are a member again.

    `segue libraries allow-all` gives a listener all tracks.
    """
    services().catalogue.libraries.remove_member(library, listener_named(user))


def _shown(found: NamedLibrary) -> Library:
    sender = principal()
    return Library.of(found, with_roots=sender.has_any((Scope.INGEST,)), with_users=sender.has_any(()))
