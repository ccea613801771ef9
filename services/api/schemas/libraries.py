"""Requests and responses about named libraries."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from services.api.request_limits import PATH_MAX
from services.api.schemas.keys import USERS_MAX
from services.api.schemas.listens import ListenerName
from services.api.schemas.tracks import NO_NUL, Request, Response
from services.domain.libraries import NamedLibrary

# More folders than a household has.
ROOTS_MAX = 50


class Library(Response):
    """A named library."""

    name: str = Field(description="Its name. The filter `library` and keys name it, without regard to case.")
    roots: list[str] | None = Field(description="Its folders. Null for keys without `ingest`.")
    users: list[str] | None = Field(description="The listeners that are bound to it. Null for keys without `admin`.")
    tracks: int = Field(description="Number of tracks with a file in it.")

    @classmethod
    def of(cls, found: NamedLibrary, *, with_roots: bool, with_users: bool) -> Self:
        """Return the response for a library."""
        return cls(
            name=found.name,
            roots=list(found.roots) if with_roots else None,
            users=list(found.listeners) if with_users else None,
            tracks=found.tracks,
        )


class Libraries(Response):
    """Named libraries, sorted by name."""

    libraries: list[Library]


class LibraryRequest(Request):
    """The folders and the listeners of a library."""

    roots: list[Annotated[str, StringConstraints(min_length=1, max_length=PATH_MAX, pattern=NO_NUL)]] = Field(
        min_length=1,
        max_length=ROOTS_MAX,
        description="Absolute paths of folders, with their subfolders. A file belongs to the library of the longest "
        "folder that contains it.",
    )
    users: list[ListenerName] = Field(
        default=[],
        max_length=USERS_MAX,
        description="Listeners whose recommendations and radio sessions have tracks of this library only. A listener "
        "is bound to one library at most.",
    )
