"""Keeps requests to the libraries that their key, or their listener, is bound to."""

import os

from services.api.context import services
from services.catalog import tenancy
from services.domain.errors import InvalidRequest, PathNotScannable
from services.domain.filters import Filters
from services.domain.libraries import within
from services.ingest.roots import Roots, contains, scannable_roots


def narrowed(filters: Filters, user: str | None) -> Filters:
    """Return the filters for tracks that meet these filters and that a listener may get.

    The catalogue and the index limit the request to the libraries of its key.
    """
    own = None if user is None else services().catalogue.libraries.of_listener(user)
    return filters if own is None else within(filters, own)


def scan_roots(path: str | None = None) -> Roots:
    """Return the folders that the request may scan; those of its libraries if its key is bound to some.

    Raises:
        PathNotScannable: files of other libraries lie below the path.
    """
    allowed, store = scannable_roots(services().settings), services().catalogue.libraries
    if tenancy.libraries() is None:
        return allowed
    own = tuple(root for root in map(os.path.realpath, store.roots()) if contains(allowed, root))
    if path is not None and contains(own, os.path.realpath(path)) and store.has_others_inside(os.path.realpath(path)):
        raise PathNotScannable(f"'{path}' contains folders of other libraries. Scan its other folders one by one.")
    return own


def upload_library(name: str | None) -> str | None:
    """Return the id of the library that an upload belongs to; None for none.

    Raises:
        LibraryNotFound: no library that the request may use has this name.
        InvalidRequest: the key is bound to several libraries, and none is named.
    """
    if name is not None:
        return services().catalogue.libraries.get(name).id
    own = tenancy.libraries()
    if own is not None and len(own) != 1:
        raise InvalidRequest("The key is bound to several libraries. Name one of them as `library`.")
    return tenancy.own_library()
