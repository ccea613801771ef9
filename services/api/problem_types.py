"""The `type` that names a kind of problem to programs: service and client agree on it here."""

import re

from services.domain.errors import SegueError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:segue:problem:"


def type_of(error: type[SegueError]) -> str:
    """The class name, hyphenated, as a URN."""
    return TYPE_PREFIX + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()
