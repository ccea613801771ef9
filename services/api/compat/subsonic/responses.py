"""Subsonic responses: the envelope in XML, JSON or JSONP.

In XML, a value becomes an attribute, an object becomes an element, and a list becomes an element for each item. The
field `value` becomes the text of its element, and the values of the elements `WITH_TEXTS` become elements.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Response, json, request
from werkzeug.exceptions import HTTPException

from services.api.compat.texts import for_xml


class Code(IntEnum):
    """Subsonic's error codes."""

    GENERIC = 0
    MISSING_PARAMETER = 10
    WRONG_CREDENTIALS = 40
    CONFLICTING_MECHANISMS = 43
    INVALID_API_KEY = 44
    NOT_AUTHORISED = 50
    NOT_FOUND = 70


NAMESPACE = "http://subsonic.org/restapi"
PROTOCOL = "1.16.1"

XML, JSON, JSONP = "xml", "json", "jsonp"

CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,99}", re.ASCII)
"""A plain identifier. Anything else could inject code into the script that a browser runs."""

TEXT = "value"
WITH_TEXTS = {"albumInfo", "artistInfo", "artistInfo2"}

Tree = Mapping[str, Any]


def success(result: Tree) -> Response:
    """Return a successful response with the result of a method."""
    return _rendered({"status": "ok", **_server(), **result}, _format(), HTTPStatus.OK)


def failure(code: Code, message: str, status: HTTPStatus | int = HTTPStatus.OK) -> Response:
    """Return a failed response."""
    envelope = {"status": "failed", **_server(), "error": {"code": int(code), "message": message}}
    form = _format()
    if form == JSONP and CALLBACK.fullmatch(_readable().get("callback", "")) is None:
        form = JSON
    return _rendered(envelope, form, status)


def parameters() -> Mapping[str, str]:
    """Return the parameters of the request, from its query and its form."""
    return request.values


def _readable() -> Mapping[str, str]:
    try:
        return parameters()
    except HTTPException:  # the form cannot be read, which the response reports
        return request.args


def _format() -> str:
    return _readable().get("f", XML).lower()


def wrong_format() -> Response | None:
    """Return a failed response if the requested format does not exist or the JSONP callback is not an identifier."""
    callback = _readable().get("callback")
    if _format() not in (XML, JSON, JSONP):
        return failure(Code.GENERIC, "The parameter f must be xml, json or jsonp.")
    if _format() == JSONP and callback is None:
        return failure(Code.MISSING_PARAMETER, "Required parameter is missing: callback.")
    if _format() == JSONP and CALLBACK.fullmatch(callback or "") is None:
        return failure(Code.GENERIC, "The parameter callback must be an identifier: letters, digits, _ and $.")
    return None


def _server() -> dict[str, Any]:
    return {"version": PROTOCOL, "type": "segue", "serverVersion": version("segue"), "openSubsonic": True}


def _rendered(envelope: Tree, form: str, status: HTTPStatus | int) -> Response:
    if form == JSON:
        return Response(_as_json(envelope), status, content_type="application/json")
    if form == JSONP:
        # The comment prevents that a client chooses the first bytes, which browser plug-ins use to detect file types.
        script = f"/**/{_readable()['callback']}({_as_json(envelope)});"
        return Response(script, status, content_type="text/javascript; charset=utf-8")
    return Response(_as_xml(envelope), status, content_type="text/xml; charset=utf-8")


def _as_json(envelope: Tree) -> str:
    return json.dumps({"subsonic-response": envelope})


def _as_xml(envelope: Tree) -> bytes:
    root = Element("subsonic-response", {"xmlns": NAMESPACE})
    _fill(root, envelope)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fill(element: Element, tree: Tree) -> None:
    for name, value in tree.items():
        if isinstance(value, list):
            for item in value:
                _add(element, name, item)
        elif isinstance(value, Mapping) or element.tag in WITH_TEXTS:
            _add(element, name, value)
        elif name == TEXT:
            element.text = _text(value)
        else:
            element.set(name, _text(value))


def _add(parent: Element, name: str, value: object) -> None:
    child = SubElement(parent, name)
    if isinstance(value, Mapping):
        _fill(child, value)
    else:
        child.text = _text(value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else for_xml(str(value))
