"""Named libraries: a name for one or more folders, whose music only their members and their keys get."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from services.domain.errors import InvalidRequest
from services.domain.filters import Filters
from services.domain.names import text_key

NAME_MAX = 100
"""Characters of a library's name."""

LIBRARY = "library"
"""The keyword field with the libraries that contain the files of a track."""

Libraries = frozenset[str] | None
"""Ids of libraries that something is limited to; None is the whole installation."""

NOWHERE = ""
"""A name that no library has."""


@dataclass(frozen=True, slots=True)
class NamedLibrary:
    """A library: its folders, the listeners that are its members, and the number of its tracks."""

    name: str
    roots: tuple[str, ...]
    listeners: tuple[str, ...]
    tracks: int

    @property
    def id(self) -> str:
        """What keys, members, rows and the index name it by: names that differ in case only are one library."""
        return text_key(self.name)


def track_id_in(library: str, track_id: str) -> str:
    """Return the id of a track in a library that shares no analyses, given that of its audio."""
    return str(uuid.uuid5(uuid.UUID(track_id), library))


def is_in(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def library_of(path: str, roots: Mapping[str, str]) -> str | None:
    """Return the library of a file: that of the longest folder that contains it, given the library of each folder."""
    containing = (root for root in roots if is_in(path, root))
    return roots.get(max(containing, key=len, default=""))


def within(filters: Filters, libraries: Collection[str]) -> Filters:
    """Return the filters for the tracks that meet these filters and are in one of the libraries with these ids."""
    asked = {text_key(each) for each in filters.any_of.get(LIBRARY, ())}
    allowed = sorted(each for each in libraries if not asked or each in asked)
    return replace(filters, any_of={**filters.any_of, LIBRARY: tuple(allowed) or (NOWHERE,)})


def check_library(name: str, roots: Iterable[str]) -> None:
    """Check the name and the folders of a library.

    Raises:
        InvalidRequest: the name is empty, too long or a control character is in it, or a folder is not absolute.
    """
    if not text_key(name) or len(name) > NAME_MAX or not name.isprintable():
        raise InvalidRequest(f"The name of a library must have 1 to {NAME_MAX} printable characters.")
    for root in roots:
        if "\0" in root or not Path(root).is_absolute():
            raise InvalidRequest(f"'{root}' is not an absolute path.")
