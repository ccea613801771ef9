"""Health and readiness of the service, and problems."""

import re
from typing import Literal

from pydantic import Field

from services.api.schemas.tracks import Response
from services.domain.errors import SegueError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:segue:problem:"


def type_of(error: type[SegueError]) -> str:
    """Return the class name, hyphenated, as a URN."""
    return TYPE_PREFIX + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()


class FieldError(Response):
    """An error in a field of a request."""

    pointer: str | None = Field(
        default=None, description="JSON pointer to the field in the body, such as `#/history/0/at`."
    )
    parameter: str | None = Field(default=None, description="Name of the query parameter or form field.")
    detail: str = Field(description="What is wrong with it.")


class Problem(Response):
    """An error in the format of RFC 9457."""

    type: str = Field(description="`urn:segue:problem:…`, stable for programs; `about:blank` for plain HTTP errors.")
    title: str = Field(description="The kind of problem. It is the same for all problems of a type.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong and what to do, for people.")
    instance: str = Field(description="The requested path.")
    request_id: str = Field(description="Id of this request in the service's log, also in the header `X-Request-ID`.")
    errors: list[FieldError] | None = Field(default=None, description="The invalid fields, if any.")


class Part(Response):
    """A part that Segue depends on."""

    ok: bool
    reason: str | None = Field(default=None, description="Why it is not ready.")


class Health(Response):
    """The process is alive."""

    status: Literal["ok"]


class Readiness(Response):
    """Whether every part is ready."""

    ready: bool
    parts: dict[str, Part] = Field(
        description="`catalogue`, `broker`, `index`, `storage`, and `indexer` if it runs in this process."
    )


class NotReady(Problem):
    """A part is not ready."""

    ready: bool
    parts: dict[str, Part]
