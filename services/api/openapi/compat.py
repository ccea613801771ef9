"""How the compatible endpoints are described: their errors are not the service's own."""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from services.api.compat.paths import SPOTIFY_PREFIX, SUBSONIC_PREFIX
from services.api.compat.spotify import schemas as spotify_schemas
from services.api.compat.subsonic import query as subsonic_query
from services.api.compat.subsonic import schemas as subsonic_schemas

TAG = {
    "name": "Compatibility",
    "description": "Spotify's and OpenSubsonic's shapes, for clients that know these. Errors are theirs, too.",
}

SENT: tuple[type[BaseModel], ...] = (
    subsonic_query.SubsonicQuery,
    subsonic_query.UserQuery,
    subsonic_query.SimilarSongsQuery,
    subsonic_query.SonicSimilarQuery,
    subsonic_query.SonicPathQuery,
)
ANSWERED: tuple[type[BaseModel], ...] = (
    spotify_schemas.SpotifyRecommendations,
    spotify_schemas.SpotifyAudioFeatures,
    spotify_schemas.SpotifyAudioFeaturesList,
    spotify_schemas.SpotifyError,
    subsonic_schemas.SubsonicAnswer,
)

REFUSED = {
    HTTPStatus.BAD_REQUEST: "A parameter is missing or wrong",
    HTTPStatus.UNAUTHORIZED: "No valid API key",
    HTTPStatus.FORBIDDEN: "Asked for under a foreign host name",
    HTTPStatus.NOT_FOUND: "No analysed track has this id",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Internal Server Error",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not answer",
}

Document = dict[str, Any]


def complete_compat(document: Document) -> Document:
    """Put each dialect's own answers in place of those that the service's other operations have; call it last."""
    document["tags"] = [*document["tags"], TAG]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith(SPOTIFY_PREFIX):
                _as_spotify(operation)
            elif path.startswith(SUBSONIC_PREFIX):
                _as_subsonic(operation)
    return document


def _as_spotify(operation: Document) -> None:
    error = {"application/json": {"schema": _reference(spotify_schemas.SpotifyError)}}
    headers = operation["responses"]["200"]["headers"]
    refused = {
        str(status.value): {"description": description, "content": error, "headers": headers}
        for status, description in REFUSED.items()
    }
    operation["responses"] = {"200": operation["responses"]["200"], **refused}


def _as_subsonic(operation: Document) -> None:
    if "requestBody" in operation:
        operation["requestBody"]["required"] = False  # the query may hold everything
    operation["responses"] = {
        "200": {
            "description": "What was found, or `error` with its code: HTTP calls both a success. The format is `f`.",
            "headers": operation["responses"]["200"]["headers"],
            "content": {
                "text/xml": {"schema": {"type": "string", "description": "Root `subsonic-response`."}},
                "application/json": {"schema": _reference(subsonic_schemas.SubsonicAnswer)},
                "text/javascript": {"schema": {"type": "string", "description": "A call of `callback`."}},
            },
        }
    }


def _reference(model: type[BaseModel]) -> Document:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
