"""How a method of OpenSubsonic is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response

from services.api.compat.subsonic.auth import sign_in
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.security.permissions import Access
from services.domain.access import Scope

Result = dict[str, Any]
"""The result of a method, under the method's field of the envelope."""

READS = Access((Scope.READ,), key_locations=(), sign_in=sign_in)
"""Access to a method that reads little. Players send dozens of such requests at once.

Methods keep to the named library that a key or a listener may be bound to (`visible`)."""

MEDIA = Access((Scope.READ,), key_locations=(), media=True, sign_in=sign_in)
"""Access to a method that sends a file."""

SEARCHES = Access((Scope.READ,), key_locations=(), expensive=True, sign_in=sign_in)
"""Access to a method that asks the vector index."""

LISTENS = Access((Scope.LISTEN,), key_locations=(), sign_in=sign_in)
"""Access to a method that reads what is stored of a listener."""

CHANGES = Access((Scope.LISTEN,), key_locations=(), changes=True, sign_in=sign_in)
"""Access to a method that changes what is stored of a listener, by GET too."""

PLAYS = Access((Scope.LISTEN,), key_locations=(), changes=True, records_listens=True, sign_in=sign_in)
"""Access to the method that records what is played."""

SCANS = Access((Scope.INGEST,), key_locations=(), expensive=True, changes=True, sign_in=sign_in)
"""Access to a method that starts scans."""


@dataclass(frozen=True, slots=True)
class Method:
    """A Subsonic method with its parameters; its description is the docstring of `run`."""

    name: str
    query: type[SubsonicQuery]
    run: Callable[[Any], Result | Response]
    summary: str
    """Without the name of the protocol."""
    access: Access = READS
    sends: tuple[str, ...] = ()
    """Media types of the file that it sends; empty if it returns a result."""
