"""What the OpenAPI document says about the API as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from services.api.compat.listenbrainz.schemas import ScrobblerError
from services.api.compat.spotify.schemas import SpotifyError
from services.api.schemas.listens import RULE
from services.api.schemas.service import MEDIA_TYPE

DESCRIPTION = (
    "Music recommendation by how music feels: a listening history in, the next tracks out.\n\n"
    "Wherever a track id is accepted, an external id (`namespace:value`, such as `isrc:USRC17607839`) is as well. "
    f"Every error is a problem as RFC 9457 has it (`{MEDIA_TYPE}`).\n\n"
    "Each operation names the scope that a key needs for it; `admin` is enough for all. On a service that only its own "
    "machine can reach no key is needed."
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations: those of some blueprints."""

    name: str
    description: str
    blueprints: tuple[str, ...]


TAGS = (
    Tag("Recommendations", "What to play next.", ("recommendations", "path")),
    Tag("Radio", "Endless sessions that go on from what was played and skipped.", ("radio",)),
    Tag("Listeners", "What listeners did, kept by Segue; what they like, what to play to them.", ("users",)),
    Tag("Library", "Tracks, their analysis and their audio.", ("tracks", "audio_features", "audio_urls")),
    Tag(
        "ListenBrainz",
        "What scrobblers call at ListenBrainz. Give them the address of this service as API root, and as token the "
        "name of a listener.",
        ("listenbrainz",),
    ),
    Tag("Jobs", "Scans and uploads: work in the background.", ("jobs",)),
    Tag("Service", "Health, counts and metrics, for those who run Segue.", ("health", "")),
    Tag(
        "Compatibility",
        "Spotify's and OpenSubsonic's shapes, for clients that know these. Errors are theirs, too.",
        ("spotify", "subsonic"),
    ),
)

PATH_PARAMETERS = {
    "track_id": "A track id or an external id, `namespace:value`.",
    "job_id": "A job id.",
    "session_id": "A radio session's id.",
    "user": f"A listener: {RULE}.",
    "listen_id": "Of a listen, as it was answered.",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the operations of a blueprint fail where they do not answer problems."""

    error: type[BaseModel] | None
    """None: every answer is a success for HTTP."""
    errors: Mapping[HTTPStatus, str]


DIALECTS = {
    "subsonic": Dialect(None, {}),
    "spotify": Dialect(
        SpotifyError,
        {
            HTTPStatus.BAD_REQUEST: "A parameter is missing or wrong",
            HTTPStatus.UNAUTHORIZED: "No valid API key",
            HTTPStatus.FORBIDDEN: "Asked for under a foreign host name",
            HTTPStatus.NOT_FOUND: "No analysed track has this id",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not answer",
        },
    ),
    "listenbrainz": Dialect(
        ScrobblerError,
        {
            HTTPStatus.BAD_REQUEST: "What ListenBrainz would refuse as well",
            HTTPStatus.UNAUTHORIZED: "No token, or none that is valid",
            HTTPStatus.FORBIDDEN: "Asked for under a foreign host name, or a change asked for by another site's page",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than 1,000 listens of 10,240 bytes",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many wrong tokens; `Retry-After` says when to ask "
            "again",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not answer: send it again later",
        },
    ),
}


def info() -> dict[str, Any]:
    """Title, version and licence."""
    return {
        "title": "Segue",
        "version": version("segue"),
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def tag_of(blueprint: str) -> str:
    """The tag of a blueprint's operations."""
    return next(tag.name for tag in TAGS if blueprint in tag.blueprints)
