"""Texts of the OpenAPI document that are not about one operation."""

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
    "Music recommendation by how music feels: send a listening history, get the next tracks.\n\n"
    "Every parameter that takes a track id also takes an external id (`namespace:value`, such as `isrc:USRC17607839`). "
    f"Errors are RFC 9457 problems (`{MEDIA_TYPE}`), except in the APIs that are compatible with others.\n\n"
    "Each operation lists the scopes of which a key needs one; `admin` includes all scopes. No key is needed if only "
    "the machine itself can reach the service."
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A group of operations, by their blueprints."""

    name: str
    description: str
    blueprints: tuple[str, ...]


TAGS = (
    Tag("Recommendations", "What to play next.", ("recommendations",)),
    Tag("Radio", "Endless sessions that adapt to what is played and skipped.", ("radio",)),
    Tag("Listeners", "Stored listen events, tastes, and recommendations from them.", ("users",)),
    Tag("Library", "Tracks, their analysis and their audio.", ("tracks", "audio")),
    Tag(
        "ListenBrainz",
        "ListenBrainz's API for scrobblers. Set the API root to the address of this service, and the token to an API "
        "key that is bound to a listener (or to the listener's name, if no keys are needed).",
        ("listenbrainz",),
    ),
    Tag("Jobs", "Scans and uploads, which run in the background.", ("jobs",)),
    Tag("Service", "Health, counts and metrics.", ("health", "")),
    Tag(
        "Compatibility",
        "Parts of Spotify's and OpenSubsonic's APIs, with their formats of requests, responses and errors.",
        ("spotify", "subsonic"),
    ),
)

PATH_PARAMETERS = {
    "track_id": "A track id or an external id, `namespace:value`.",
    "job_id": "The id of a job.",
    "session_id": "The id of a radio session.",
    "user": f"A listener: {RULE}.",
    "listen_id": "The id of a listen event.",
}


@dataclass(frozen=True, slots=True)
class ErrorFormat:
    """Error responses of a blueprint of another API."""

    error: type[BaseModel] | None
    """None if errors have the status 200."""
    errors: Mapping[HTTPStatus, str]


ERROR_FORMATS = {
    "subsonic": ErrorFormat(None, {}),
    "spotify": ErrorFormat(
        SpotifyError,
        {
            HTTPStatus.BAD_REQUEST: "A parameter is missing or invalid",
            HTTPStatus.UNAUTHORIZED: "No valid API key",
            HTTPStatus.FORBIDDEN: "The `Host` header is not allowed",
            HTTPStatus.NOT_FOUND: "No analysed track has this id",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond",
        },
    ),
    "listenbrainz": ErrorFormat(
        ScrobblerError,
        {
            HTTPStatus.BAD_REQUEST: "ListenBrainz would refuse this request, too",
            HTTPStatus.UNAUTHORIZED: "No valid token",
            HTTPStatus.FORBIDDEN: "The `Host` header is not allowed, or another site's page sent the request",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than 1,000 listens of 10,240 bytes",
            HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many invalid tokens; see `Retry-After`",
            HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
            HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond; retry later",
        },
    ),
}


def info() -> dict[str, Any]:
    """Return title, version, description and licence of the API."""
    return {
        "title": "Segue",
        "version": version("segue"),
        "description": DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def tag_of(blueprint: str) -> str:
    """Return the tag of a blueprint's operations."""
    return next(tag.name for tag in TAGS if blueprint in tag.blueprints)
