"""Responses about the service, and problems."""

import re
from typing import Literal

from pydantic import Field

from services.api.schemas.tracks import Response
from services.domain.errors import SegueError
from services.domain.track import Track

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


class IndexStatus(Response):
    """The state of the vector index."""

    kind: str = Field(description="`edge` (inside the API process) or `server`.")
    points: int = Field(description="Number of tracks in the index.")
    pending: int = Field(description="Number of tracks whose changes are not yet in the index.")


class Quarantined(Response):
    """A quarantined track: its analysis crashed repeatedly."""

    id: str
    title: str
    path: str | None = Field(description="Path relative to the library root.")
    reason: str | None = Field(description="Why it is quarantined.")

    @classmethod
    def of(cls, track: Track) -> "Quarantined":
        """Return the response for a track."""
        return cls(id=track.id, title=track.title, path=track.path, reason=track.reason)


class Status(Response):
    """The state of the service."""

    version: str = Field(description="Version of Segue.")
    url: str = Field(description="URL for clients on the same machine.")
    data_dir: str | None = Field(description="The data directory. Null for keys without `admin`.")
    model_version: str | None = Field(description="Version of the encoder. Null before the first analysis.")
    tracks: dict[str, int] = Field(description="Number of tracks by status.")
    index: IndexStatus
    question_processes: int | None = Field(
        description="Number of processes that answer questions about clips and pictures. Null if the broker does not "
        "respond."
    )
    quarantined: list[Quarantined] = Field(
        description="The first quarantined tracks. `GET /v1/tracks?status=quarantined` lists all, and "
        "`segue retry` analyses them again."
    )
