"""Requests and responses about API keys."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from services.api.schemas.listens import ListenerName
from services.api.schemas.tracks import NO_NUL, Request, Response
from services.domain.access import NAME_MAX, ApiKey, Scope
from services.domain.libraries import NAME_MAX as LIBRARY_NAME_MAX

# More listeners than a household has; such a key is better bound to all.
USERS_MAX = 50

LIBRARIES_MAX = 50

LibraryName = Annotated[str, StringConstraints(min_length=1, max_length=LIBRARY_NAME_MAX, pattern=NO_NUL)]


class Key(Response):
    """An API key, without its secret."""

    id: str = Field(description="The first part of the key after `segue_`.")
    name: str = Field(description="The name that its creator gave it.")
    scopes: list[Scope] = Field(description="What it permits; `admin` includes all scopes.")
    users: list[str] | None = Field(description="The listeners that it is bound to. Null is all listeners.")
    libraries: list[str] | None = Field(
        description="The libraries that it is bound to, by the folded form of their names. Null is all."
    )
    created_at: datetime
    last_used_at: datetime | None = Field(description="When it was last used, to the minute. Null if never.")
    revoked_at: datetime | None = Field(description="When it was revoked. Null while it is valid.")

    @classmethod
    def of(cls, found: ApiKey, **more: object) -> Self:
        """Return the response for a key."""
        lists = {
            "scopes": sorted(found.scopes),
            "users": None if found.listeners is None else sorted(found.listeners),
            "libraries": None if found.libraries is None else sorted(found.libraries),
        }
        fields = {name: getattr(found, name) for name in Key.model_fields if name not in lists}
        return cls.model_validate(fields | lists | more)


class Keys(Response):
    """All API keys, oldest first, including revoked ones."""

    keys: list[Key]


class NewKey(Key):
    """A new API key with its secret."""

    key: str = Field(description="The key to send with requests. It is shown only here.")


class KeyRequest(Request):
    """The key to create."""

    name: str = Field(
        min_length=1, max_length=NAME_MAX, pattern=NO_NUL, description="A name that tells what uses the key."
    )
    scopes: list[Scope] = Field(
        default=[Scope.READ, Scope.LISTEN], min_length=1, max_length=len(Scope), description="What it permits."
    )
    users: list[ListenerName] = Field(
        default=[],
        max_length=USERS_MAX,
        description="The listeners that it is bound to; empty is all. A bound key needs `listen` and cannot have "
        "`admin`.",
    )
    libraries: list[LibraryName] = Field(
        default=[],
        max_length=LIBRARIES_MAX,
        description="The named libraries that it is bound to: it reaches their tracks, members and jobs only, and "
        "cannot have `admin`. Empty is all.",
    )
