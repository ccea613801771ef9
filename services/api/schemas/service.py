"""Answers about the service itself, and the shape of every error."""

import re
from typing import Literal

from pydantic import Field

from services.api.schemas.tracks import Response
from services.domain.errors import SegueError
from services.domain.track import Track

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:segue:problem:"


def type_of(error: type[SegueError]) -> str:
    """The class name, hyphenated, as a URN."""
    return TYPE_PREFIX + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", error.__name__).lower()


class FieldError(Response):
    """One thing that is wrong with a request."""

    pointer: str | None = Field(default=None, description="Where in the JSON body: `#/history/0/at`.")
    parameter: str | None = Field(default=None, description="Which query parameter or form field.")
    detail: str = Field(description="What is wrong with it.")


class Problem(Response):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="`urn:segue:problem:…`, stable for programs; `about:blank` for plain HTTP errors.")
    title: str = Field(description="The kind of problem, the same sentence every time.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time and what to do, for a person.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Names this request in the service's log; also in `X-Request-ID`.")
    errors: list[FieldError] | None = Field(default=None, description="Each wrong field, where fields are wrong.")


class Part(Response):
    """One part that Segue depends on."""

    ok: bool
    reason: str | None = Field(default=None, description="Why not.")


class Health(Response):
    """The process is alive."""

    status: Literal["ok"]


class Readiness(Response):
    """Whether every part is ready to serve."""

    ready: bool
    parts: dict[str, Part] = Field(
        description="`catalogue`, `broker`, `index`, `storage` and, where it runs here, `indexer`."
    )


class NotReady(Problem):
    """A part is not ready."""

    ready: bool
    parts: dict[str, Part]


class IndexStatus(Response):
    """The vector index against the catalogue."""

    kind: str = Field(description="`edge` (inside the API process) or `server`.")
    points: int = Field(description="Tracks that can be found.")
    pending: int = Field(description="Tracks whose change the index has yet to take in.")


class Quarantined(Response):
    """A track whose analysis was begun several times and never ended."""

    id: str
    title: str
    path: str | None = Field(description="Relative to its library root.")
    reason: str | None = Field(description="Why it is left alone.")

    @classmethod
    def of(cls, track: Track) -> "Quarantined":
        """What is told of a track."""
        return cls(id=track.id, title=track.title, path=track.path, reason=track.reason)


class Status(Response):
    """What Segue has and where it keeps it."""

    version: str = Field(description="Of Segue.")
    url: str = Field(description="Under which clients on the same machine reach it.")
    data_dir: str | None = Field(description="The directory that holds all it keeps; null for keys without `admin`.")
    model_version: str | None = Field(description="Of the encoder that listened; null before the first track.")
    tracks: dict[str, int] = Field(description="How many tracks stand where.")
    index: IndexStatus
    quarantined: list[Quarantined] = Field(
        description="The first few; `GET /v1/tracks?status=quarantined` lists all, `segue retry` tries them again."
    )
