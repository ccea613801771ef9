"""Responses of version 2.0, in XML or JSON.

A tree is written as its JSON form: a list becomes an element for each item, `@attr` the attributes of an element, and
`#text` its text. In an object with a text, the other values are attributes too.
"""

from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Response, request
from werkzeug.exceptions import HTTPException

from services.api.compat.audioscrobbler.sessions import InvalidSession
from services.api.compat.responses import json_response, status_of
from services.api.compat.texts import for_xml
from services.api.schemas.service import Problem, type_of
from services.domain.errors import KeyRequired, WrongPassword

Tree = Mapping[str, Any]

ATTRIBUTES, TEXT = "@attr", "#text"


class Code(IntEnum):
    """The protocol's error codes."""

    INVALID_METHOD = 3
    AUTHENTICATION_FAILED = 4
    INVALID_PARAMETERS = 6
    OPERATION_FAILED = 8
    INVALID_SESSION = 9
    INVALID_SIGNATURE = 13
    UNAVAILABLE = 16
    TOO_MANY_REQUESTS = 29


CODES_OF_TYPES = {type_of(InvalidSession): Code.INVALID_SESSION, type_of(WrongPassword): Code.AUTHENTICATION_FAILED}
CODES_OF_STATUSES = {
    HTTPStatus.UNAUTHORIZED: Code.INVALID_SESSION,
    HTTPStatus.FORBIDDEN: Code.AUTHENTICATION_FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: Code.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR: Code.OPERATION_FAILED,
    HTTPStatus.SERVICE_UNAVAILABLE: Code.UNAVAILABLE,
    HTTPStatus.INSUFFICIENT_STORAGE: Code.UNAVAILABLE,
}

SIGN_IN = "Invalid session key. Sign in with auth.getMobileSession and send the session key as sk."
"""The message in place of the one about Segue's headers, which programs for Last.fm do not send."""


def success(tree: Tree) -> Response:
    """Return a successful response."""
    if _wants_json():
        return json_response(tree, HTTPStatus.OK)
    root = Element("lfm", {"status": "ok"})
    _fill(root, tree)
    return _xml(root, HTTPStatus.OK)


def failure(code: Code, message: str, status: int) -> Response:
    """Return a failed response."""
    if _wants_json():
        return json_response({"error": int(code), "message": message}, status)
    root = Element("lfm", {"status": "failed"})
    SubElement(root, "error", {"code": str(int(code))}).text = _text(message)
    return _xml(root, status)


def audioscrobbler_error(problem: Problem) -> Response:
    """Render a problem as an error of version 2.0."""
    by_status = CODES_OF_STATUSES.get(HTTPStatus(problem.status), Code.INVALID_PARAMETERS)
    message = SIGN_IN if problem.type == type_of(KeyRequired) else problem.detail
    return failure(CODES_OF_TYPES.get(problem.type, by_status), message, status_of(problem))


def _wants_json() -> bool:
    try:
        return request.values.get("format", "").lower() == "json"
    except HTTPException:  # the form cannot be read, which the response reports
        return False


def _xml(root: Element, status: int) -> Response:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(written, status, content_type="text/xml; charset=utf-8")


def _fill(element: Element, tree: Tree) -> None:
    for name, value in tree.items():
        if name == ATTRIBUTES:
            element.attrib.update({key: _text(each) for key, each in value.items()})
        elif name == TEXT:
            element.text = _text(value)
        elif TEXT in tree:
            element.set(name, _text(value))
        else:
            for item in value if isinstance(value, list) else [value]:
                child = SubElement(element, name)
                _fill(child, item if isinstance(item, Mapping) else {TEXT: item})


def _text(value: object) -> str:
    return for_xml(str(value))
