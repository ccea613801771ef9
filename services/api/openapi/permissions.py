"""What the OpenAPI document says of keys, limits and repeated requests; all of it is read from the declarations."""

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask

from services.api.context import EXTENSION
from services.api.http.idempotency import HEADER, REPLAYED
from services.api.request_limits import IDEMPOTENCY_KEY_MAX
from services.api.schemas.service import MEDIA_TYPE
from services.api.security.permissions import Access, access_of

if TYPE_CHECKING:
    from services.composition import Services

Document = dict[str, Any]

SIGNED_URL: Document = {
    "type": "apiKey",
    "in": "query",
    "name": "token",
    "description": "Part of the URL that `signTrackAudio` answers: opens one track's audio for an hour.",
}

IDEMPOTENCY_KEY: Document = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of your choice, such as a UUID. The same request with the same key within 24 hours is done "
    f"once and answered alike, with the header `{REPLAYED}`. After an error the key may be used again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX, "pattern": "^[!-~]+$"},
}


def add_access(app: Flask, document: Document) -> Document:
    """Add what keys, limits and repetitions mean for each operation."""
    document["components"]["securitySchemes"] = schemes = {"signedUrl": SIGNED_URL}
    document["components"]["responses"] |= {
        "Unauthorized": _problem("No API key, or one that is wrong or revoked", "WWW-Authenticate", "The challenge."),
        "TooManyRequests": _problem(
            "More requests in a minute than one key or address may make", "Retry-After", "Seconds to wait."
        ),
        "UriTooLong": _problem("The request line is too long"),
        "RequestHeaderFieldsTooLarge": _problem("The headers are too many or too long"),
        "Conflict": _problem(f"A request with the same `{HEADER}` is still at work", "Retry-After", "Seconds to wait."),
    }
    services: Services = app.extensions[EXTENSION]
    for rule in app.url_map.iter_rules():
        path = document["paths"].get(re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule), {})
        access = access_of(app, rule.endpoint)
        for method in (rule.methods or set()) & {name.upper() for name in path}:
            if access is not None:
                schemes.update({carrier.name: dict(carrier.scheme) for carrier in access.carriers})
                _describe(path[method.lower()], method, access, needs_keys=services.settings.needs_keys)
    return document


def _describe(operation: Document, method: str, access: Access, *, needs_keys: bool) -> None:
    _refer(operation, HTTPStatus.REQUEST_URI_TOO_LONG, "UriTooLong")
    _refer(operation, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    if not access.scopes:
        operation["security"] = []
        return
    names = [*(carrier.name for carrier in access.carriers), *(("signedUrl",) if access.signed else ())]
    operation["security"] = [{name: [str(scope)]} for name in names for scope in access.scopes]
    if not needs_keys:
        operation["security"].append({})
    if method == "POST":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        _refer(operation, HTTPStatus.CONFLICT)
        _refer(operation, HTTPStatus.UNPROCESSABLE_ENTITY)
    _refer(operation, HTTPStatus.UNAUTHORIZED)
    _refer(operation, HTTPStatus.TOO_MANY_REQUESTS)


def _refer(operation: Document, status: HTTPStatus, name: str = "") -> None:
    name = name or status.phrase.title().replace(" ", "")
    operation["responses"].setdefault(str(status.value), {"$ref": f"#/components/responses/{name}"})


def _problem(description: str, header: str = "", meaning: str = "") -> Document:
    own = {header: {"description": meaning, "schema": {"type": "string"}}} if header else {}
    return {
        "description": description,
        "headers": {
            **own,
            "X-Request-ID": {"description": "Names the request in the service's log.", "schema": {"type": "string"}},
        },
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
