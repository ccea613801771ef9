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
"""Access to a method that reads little. Players send dozens of such requests at once."""

SEARCHES = Access((Scope.READ,), key_locations=(), expensive=True, sign_in=sign_in)
"""Access to a method that asks the vector index."""


@dataclass(frozen=True, slots=True)
class Method:
    """A Subsonic method with its parameters; its description is the docstring of `run`."""

    name: str
    query: type[SubsonicQuery]
    run: Callable[[Any], Result | Response]
    summary: str
    """Without the name of the protocol."""
    access: Access = READS
