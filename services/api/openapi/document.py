"""The OpenAPI document: what APIFlask gathers from the routes, made complete and accurate."""

from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from apiflask import APIFlask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.api.compat.listenbrainz import document as scrobbling
from services.api.http.observability import REQUEST_ID_HEADER
from services.api.openapi import compat
from services.api.openapi.compat import complete_compat
from services.api.openapi.permissions import add_access
from services.api.request_limits import JSON_MAX_BYTES, LISTENS_MAX_BYTES
from services.api.schemas import filters, listens, radio, recommendations, service, tracks, user_query
from services.api.schemas.service import MEDIA_TYPE

Document = dict[str, Any]

TITLE = "Segue"
DESCRIPTION = (
    "Music recommendation by how music feels: a listening history in, the next tracks out.\n\n"
    "Wherever a track id is accepted, an external id (`namespace:value`, such as `isrc:USRC17607839`) is as well. "
    f"Every error is a problem as RFC 9457 has it (`{MEDIA_TYPE}`).\n\n"
    "Each operation names the scope that a key needs for it; `admin` is enough for all. On a service that only its own "
    "machine can reach no key is needed."
)
TAGS = [
    {"name": "Recommendations", "description": "What to play next."},
    {"name": "Radio", "description": "Endless sessions that go on from what was played and skipped."},
    {"name": "Listeners", "description": "What listeners did, kept by Segue; what they like, what to play to them."},
    {"name": "Library", "description": "Tracks, their analysis and their audio."},
    {"name": scrobbling.TAG, "description": scrobbling.DESCRIPTION},
    {"name": "Jobs", "description": "Scans and uploads: work in the background."},
    {"name": "Service", "description": "Health, counts and metrics, for those who run Segue."},
]

REFERENCE = "#/components/schemas/{model}"

_SENT: tuple[type[BaseModel], ...] = (
    recommendations.RecommendationRequest,
    radio.NextRequest,
    radio.RadioRequest,
    tracks.ScanRequest,
    tracks.AudioUrlRequest,
    listens.ListensIn,
    listens.ExternalIds,
)
_ANSWERED: tuple[type[BaseModel], ...] = (
    tracks.TrackPage,
    tracks.Recommendations,
    tracks.SimilarTracks,
    tracks.AudioFeatures,
    tracks.AudioUrl,
    tracks.Job,
    radio.NextTracks,
    radio.Path,
    radio.RadioSession,
    listens.ListensRecorded,
    listens.ListenPage,
    listens.ListenerTaste,
    listens.Forgotten,
    service.Health,
    service.Readiness,
    service.NotReady,
    service.Problem,
    service.Status,
)
_QUERIES: tuple[type[BaseModel], ...] = (
    filters.PathQuery,
    filters.SimilarQuery,
    tracks.TrackPageQuery,
    listens.ListenPageQuery,
    user_query.ListenerQuery,
    user_query.TasteQuery,
)

# What may go wrong with any request, and what only some may.
ALWAYS = (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR)
WITH_PARTS = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE)
WITH_PATH = (HTTPStatus.NOT_FOUND,)
WITH_INPUT = (HTTPStatus.UNPROCESSABLE_ENTITY,)
WITH_BODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
NAMES_TRACKS_IN_QUERY = ("findPath",)
ALIVE_WHATEVER_IS_DOWN = ("getHealth", "getMetrics")


def describe(app: APIFlask) -> None:
    """Have an application serve its document at /openapi.json."""
    app.config.update(
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_SERVERS=False,
        INFO={
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
    )
    app.spec_processor(lambda document: complete_compat(add_access(app, complete(document))))


def complete(document: Document | str) -> Document:
    """Add the problems and put pydantic's own schemas in place of the copies that APIFlask makes."""
    assert isinstance(document, dict)  # noqa: S101  it would be text if YAML had been asked for
    document["tags"] = TAGS
    components = document.setdefault("components", {})
    components["schemas"] = _schemas()
    components["responses"] = {_name(status): _problem(status) for status in _every_status()}
    for operation in _operations(document):
        for parameter in operation["parameters"]:
            _complete_parameter(parameter)
        if scrobbling.TAG in operation["tags"]:
            scrobbling.complete(operation)
        else:
            _add_problems(operation)
        for response in operation["responses"].values():
            if "$ref" not in response:
                _add_request_id(response)
    reshaped: Document = _repoint(document)
    return reshaped


def _schemas() -> Document:
    _, sent = models_json_schema(
        [(model, "validation") for model in (*_SENT, *_QUERIES, *compat.SENT)], ref_template=REFERENCE
    )
    _, answered = models_json_schema(
        [(model, "serialization") for model in (*_ANSWERED, *compat.ANSWERED)], ref_template=REFERENCE
    )
    merged: Document = sent["$defs"] | answered["$defs"]
    for model in _QUERIES:  # spread over parameters instead
        del merged[model.__name__]
    merged["UploadForm"] = {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "MP3, FLAC, Ogg Vorbis, Opus or WAV."}
        },
    }
    return merged | scrobbling.SCHEMAS


def _operations(document: Document) -> Iterator[Document]:
    for path in document["paths"].values():
        yield from path.values()


def _complete_parameter(parameter: Document) -> None:
    schema = parameter["schema"]
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    if parameter["in"] == "path":
        parameter["required"] = True
        parameter["description"] = {
            "track_id": "A track id or an external id, `namespace:value`.",
            "job_id": "A job id.",
            "session_id": "A radio session's id.",
            "user": f"A listener: {listens.RULE}.",
            "listen_id": "Of a listen, as it was answered.",
        }[parameter["name"]]


def _add_problems(operation: Document) -> None:
    responses = operation["responses"]
    located = {parameter["in"] for parameter in operation["parameters"]}
    body = "requestBody" in operation
    if body:
        operation["requestBody"]["required"] = True
    statuses = [
        *(WITH_PATH if "path" in located or operation["operationId"] in NAMES_TRACKS_IN_QUERY else ()),
        *(WITH_BODY if body else ()),
        *(WITH_INPUT if body or located else ()),
        *ALWAYS,
        *(WITH_PARTS if operation["operationId"] not in ALIVE_WHATEVER_IS_DOWN else ()),
    ]
    for status in statuses:
        responses[str(status.value)] = {"$ref": f"#/components/responses/{_name(status)}"}
    if operation["operationId"] == "getReadiness":
        responses[str(HTTPStatus.SERVICE_UNAVAILABLE.value)] = _problem(HTTPStatus.SERVICE_UNAVAILABLE, "NotReady")
        del responses[str(HTTPStatus.INSUFFICIENT_STORAGE.value)]  # a full disk is one of its reasons
    for status, response in responses.items():
        if status.startswith("4") and "content" in response:
            response["content"] = _problem(HTTPStatus(int(status)))["content"]


def _problem(status: HTTPStatus, schema: str = "Problem") -> Document:
    described = {
        HTTPStatus.FORBIDDEN: "Asked for under a foreign host name, by another site's page for a change, or with a key "
        "that may not",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"JSON of more than {JSON_MAX_BYTES:,} bytes, listens of more than "
        f"{LISTENS_MAX_BYTES:,}, or an upload of more than the service takes",
        HTTPStatus.UNPROCESSABLE_ENTITY: "Fields are wrong (`errors` says which), or it cannot be done as it stands",
        HTTPStatus.INSUFFICIENT_STORAGE: "There is no room left where Segue keeps its data",
        HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not answer; `Retry-After` says when to ask",
    }
    answer: Document = {
        "description": described.get(status, status.phrase),
        "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model=schema)}}},
    }
    _add_request_id(answer)
    if status in WITH_PARTS:
        seconds = {"type": "integer", "minimum": 0}
        answer["headers"]["Retry-After"] = {"description": "Seconds to wait.", "schema": seconds}
    return answer


def _add_request_id(response: Document) -> None:
    response.setdefault("headers", {})[REQUEST_ID_HEADER] = {
        "description": "Names the request in the service's log.",
        "schema": {"type": "string"},
    }


def _every_status() -> tuple[HTTPStatus, ...]:
    return (*WITH_PATH, *WITH_BODY, *WITH_INPUT, *ALWAYS, *WITH_PARTS)


def _name(status: HTTPStatus) -> str:
    return status.phrase.title().replace(" ", "")


def _repoint(node: Any) -> Any:  # noqa: ANN401  any JSON
    """The same document with references to `Parent.Child` pointing to `Child`: every name is unique."""
    if isinstance(node, list):
        return [_repoint(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"#/components/schemas/{value.rsplit('/', 1)[1].rsplit('.', 1)[-1]}"
        if key == "$ref" and value.startswith("#/components/schemas/")
        else _repoint(value)
        for key, value in node.items()
    }


def segue_version() -> str:
    """The installed version of Segue."""
    return version("segue")
