"""Describe what operations have in common: problems, security and the idempotency key."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from services.api.http.idempotency import HEADER, REPLAYED
from services.api.http.observability import REQUEST_ID_HEADER
from services.api.http.operation import operation
from services.api.request_limits import IDEMPOTENCY_KEY_MAX, JSON_MAX_BYTES, LISTENS_MAX_BYTES, RECOMMENDATION_MAX_BYTES
from services.api.schemas.service import MEDIA_TYPE
from services.api.security.permissions import Access

Document = dict[str, Any]

RETRY_AFTER: Document = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
}
REQUEST_ID: Document = {
    REQUEST_ID_HEADER: {"description": "Id of the request in the service's log.", "schema": {"type": "string"}}
}
CHALLENGE: Document = {"WWW-Authenticate": {"description": "The challenge.", "schema": {"type": "string"}}}

MEDIA_TOKEN: Document = {
    "type": "apiKey",
    "in": "query",
    "name": "token",
    "description": "A token of `createMediaToken`. It grants access to audio, covers and pictures for an hour.",
}

IDEMPOTENCY_KEY: Document = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A unique string, such as a UUID. Within 24 hours, the same request with the same key is executed "
    f"once; repetitions get the stored response, with the header `{REPLAYED}`. After an error you may reuse the key.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX, "pattern": "^[!-~]+$"},
}

ALWAYS = (HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR)
BEFORE_ROUTING = (HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
"""Sent before it is known which API a request is for, so that all APIs have them as problems."""
WITH_PARTS = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INSUFFICIENT_STORAGE)
WITH_BODY = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
WITH_KEY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
OPERATION_WITHOUT_PARTS = ("getHealth", "getMetrics", "getReadiness")

HEADERS_OF = {
    HTTPStatus.UNAUTHORIZED: CHALLENGE,
    **dict.fromkeys((HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, *WITH_PARTS), RETRY_AFTER),
}
DESCRIPTIONS = {
    HTTPStatus.UNAUTHORIZED: "No API key, or an invalid or revoked one",
    HTTPStatus.FORBIDDEN: "The `Host` header is not allowed, another site's page sent the request, or the key lacks a "
    "scope",
    HTTPStatus.NOT_FOUND: HTTPStatus.NOT_FOUND.phrase,
    HTTPStatus.BAD_REQUEST: HTTPStatus.BAD_REQUEST.phrase,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE.phrase,
    HTTPStatus.INTERNAL_SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
    HTTPStatus.CONFLICT: f"A request with the same `{HEADER}` is still running, or the playlist was changed meanwhile",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"JSON of more than {JSON_MAX_BYTES:,} bytes ({RECOMMENDATION_MAX_BYTES:,} "
    f"with pictures), listens of more than {LISTENS_MAX_BYTES:,} bytes, or a file over the service's limit",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The request line is too long",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Fields are invalid (see `errors`), or the request cannot be executed",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests per minute from one key or address",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "There are too many headers, or they are too long",
    HTTPStatus.NOT_IMPLEMENTED: "Only ffmpeg decodes this file, and the workers have none",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part that Segue depends on does not respond; see `Retry-After`",
    HTTPStatus.INSUFFICIENT_STORAGE: "The disk with the data directory is full",
}


def shared(problem: Document) -> Document:
    """Return the problem responses that operations refer to."""
    return {_name(status): _response(status, MEDIA_TYPE, problem) for status in DESCRIPTIONS}


def problems(described: Document, declared: operation, access: Access) -> Document:
    """Return references to the problems that an operation may return."""
    located = {parameter["in"] for parameter in described["parameters"]}
    statuses = [
        *(WITH_KEY if access.scopes else ()),
        *((HTTPStatus.NOT_FOUND,) if "path" in located else ()),
        *declared.problems,
        *(WITH_BODY if "requestBody" in described else ()),
        *((HTTPStatus.UNPROCESSABLE_ENTITY,) if located or "requestBody" in described else ()),
        *((HTTPStatus.CONFLICT,) if "header" in located else ()),
        *ALWAYS,
        *(WITH_PARTS if described["operationId"] not in OPERATION_WITHOUT_PARTS else ()),
    ]
    return {
        number: reference for number, reference in _references(statuses).items() if number not in described["responses"]
    }


def refused_by_server() -> Document:
    """Return references to the problems of requests that reach no API."""
    return _references(BEFORE_ROUTING)


def _references(statuses: Iterable[HTTPStatus]) -> Document:
    return {str(status.value): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}


def formatted_errors(error: Document, meanings: Mapping[HTTPStatus, str], *, in_xml: bool) -> Document:
    """Return error responses in the format of another API, also in XML if clients may ask for it."""
    content = {
        "application/json": {"schema": error},
        **({"text/xml": {"schema": {"type": "string"}}} if in_xml else {}),
    }
    return {
        str(status.value): {
            "description": meaning,
            "headers": REQUEST_ID,
            "content": content,
        }
        for status, meaning in meanings.items()
    }


def security(access: Access, *, needs_keys: bool) -> list[Document]:
    """Return the keys that an operation accepts."""
    if not access.scopes:
        return []
    names = [
        *(carrier.name for carrier in access.key_locations),
        *(("mediaToken",) if access.media and access.sign_in is None else ()),
    ]
    listed: list[Document] = [{name: [str(scope)]} for name in names for scope in access.scopes]
    return listed if needs_keys else [*listed, {}]


def security_schemes(accesses: Iterable[Access]) -> Document:
    """Return every location of a key in a request."""
    carriers = {carrier.name: dict(carrier.scheme) for access in accesses for carrier in access.key_locations}
    return {"mediaToken": MEDIA_TOKEN, **carriers}


def add_repeatability(operation: Document, method: str, access: Access) -> None:
    """Add the idempotency key to a repeatable POST that needs a key."""
    if method == "POST" and access.scopes and access.repeatable:
        operation["parameters"].append(IDEMPOTENCY_KEY)


def _response(status: HTTPStatus, media: str, schema: Document) -> Document:
    return {
        "description": DESCRIPTIONS[status],
        "headers": {**REQUEST_ID, **HEADERS_OF.get(status, {})},
        "content": {media: {"schema": schema}},
    }


def _name(status: HTTPStatus) -> str:
    return status.phrase.title().replace(" ", "").replace("-", "")
