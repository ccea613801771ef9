"""How ListenBrainz's part of the API stands in the OpenAPI document: its own bodies and errors, no problems."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

Document = dict[str, Any]

TAG = "ListenBrainz"
DESCRIPTION = (
    "What scrobblers call at ListenBrainz. Give them the address of this service as API root, and as token the name of "
    "a listener."
)

ANY_OBJECT: Document = {"type": "object", "additionalProperties": True}
TEXT: Document = {"type": "string"}
SECONDS: Document = {"type": "integer", "minimum": 0, "description": "Seconds since 1970."}
UUID: Document = {"type": "string", "format": "uuid"}

SCHEMAS: Document = {
    "ScrobblerError": {
        "type": "object",
        "required": ["code", "error"],
        "properties": {"code": {"type": "integer"}, "error": TEXT},
    },
    "ScrobblerSubmission": {
        "type": "object",
        "required": ["listen_type", "payload"],
        "properties": {
            "listen_type": {"enum": ["single", "playing_now", "import"]},
            "payload": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1000,
                "items": {
                    "type": "object",
                    "required": ["track_metadata"],
                    "properties": {
                        "listened_at": SECONDS,
                        "track_metadata": {
                            "type": "object",
                            "required": ["artist_name", "track_name"],
                            "properties": {
                                "artist_name": TEXT,
                                "track_name": TEXT,
                                "release_name": {"type": ["string", "null"]},
                                "additional_info": ANY_OBJECT,
                            },
                        },
                    },
                },
            },
        },
    },
    "ScrobblerDeletion": {
        "type": "object",
        "required": ["listened_at", "recording_msid"],
        "properties": {"listened_at": SECONDS, "recording_msid": UUID},
    },
    "ScrobblerFeedback": {
        "type": "object",
        "required": ["score"],
        "properties": {"recording_mbid": UUID, "recording_msid": UUID, "score": {"enum": [1, 0, -1]}},
    },
    "ScrobblerImport": {"type": "object", "properties": {"ts": SECONDS}},
}

ERRORS = {
    HTTPStatus.BAD_REQUEST: "What ListenBrainz would refuse as well",
    HTTPStatus.UNAUTHORIZED: "No token, or none that is valid",
    HTTPStatus.FORBIDDEN: "Asked for under a foreign host name, or a change asked for by another site's page",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than 1,000 listens of 10,240 bytes",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests, or too many wrong tokens; `Retry-After` says when to ask again",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not answer: send it again later",
}


_BODY, _QUERY = "x-body", "x-query"


def asks(*, body: str | None = None, query: Mapping[str, str] | None = None) -> Document:
    """What a view reads by itself, for APIFlask's `extensions`: `complete` puts it where it belongs."""
    return {_BODY: body, _QUERY: dict(query or {})}


def complete(operation: Document) -> None:
    """Say what an operation takes and how it fails."""
    body, query = operation.pop(_BODY, None), operation.pop(_QUERY, {})
    operation["parameters"] += [
        {"in": "query", "name": name, "required": False, "description": meaning, "schema": TEXT}
        for name, meaning in query.items()
    ]
    if body is not None:
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"]["200"] = {
        "description": "As ListenBrainz answers",
        "content": {"application/json": {"schema": ANY_OBJECT}},
    }
    failure = {"application/json": {"schema": {"$ref": "#/components/schemas/ScrobblerError"}}}
    for status, meaning in ERRORS.items():
        operation["responses"][str(status.value)] = {"description": meaning, "content": failure}
