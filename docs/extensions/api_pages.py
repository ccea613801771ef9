"""Writes `docs/api` before the site is built: a page for each tag of the OpenAPI document, and one for the schemas."""

import json
import logging
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from sphinx.application import Sphinx

from services.api.openapi.__main__ import read_document
from services.logs import configure_logging

FOLDER = "api"
ADDRESS = "http://127.0.0.1:8765"
LANGUAGES = {"application/json": "json", "application/problem+json": "json"}

Json = dict[str, Any]


def setup(app: Sphinx) -> Json:
    """Write the pages as soon as Sphinx knows the source folder."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / FOLDER))
    return {"parallel_read_safe": True}


def write_pages(folder: Path) -> None:
    """Write the pages; unchanged pages keep their times, so that Sphinx does not read them again."""
    configure_logging("ERROR")
    logging.getLogger("alembic").setLevel(logging.ERROR)
    document = read_document()
    folder.mkdir(exist_ok=True)
    pages = {f"{_slug(tag['name'])}.md": "\n".join(_page(tag, document)) for tag in document["tags"]}
    pages["errors.md"] = "\n".join(_errors(document))
    pages["schemas.md"] = "\n".join(_schemas(document["components"]["schemas"]))
    for old in set(folder.glob("*.md")) - {folder / name for name in pages}:
        old.unlink()
    for name, text in pages.items():
        target = folder / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


def _page(tag: Json, document: Json) -> Iterator[str]:
    yield from (f"# {tag['name']}", "", tag["description"], "")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag["name"] in operation["tags"]:
                yield from _operation(method.upper(), path, operation, document)


def _errors(document: Json) -> Iterator[str]:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    shared = {
        status: _resolved(response, document)
        for operation in operations
        for status, response in operation["responses"].items()
        if "$ref" in response
    }
    yield from ("# Errors", "", "An operation whose page does not say otherwise may return these problems.", "")
    rows = [(status, response["description"], _contents(response)) for status, response in sorted(shared.items())]
    yield from _table(("status", "meaning", "body"), rows)


def _schemas(schemas: Json) -> Iterator[str]:
    yield from ("# Schemas", "", "The types that fields and responses refer to.", "")
    for name, schema in sorted(schemas.items()):
        yield from (f"({_anchor(name)})=", "", f"## {name}", "", schema.get("description", ""), "")
        if "properties" in schema:
            yield from _fields("field", schema)
        else:
            yield from (f"Type: {_type(schema)}.", "")


def _operation(method: str, path: str, operation: Json, document: Json) -> Iterator[str]:
    yield from (f"({operation['operationId']})=", "", f"## {operation['summary']}", "")
    yield from (f"`{method} {path}` · {_scopes(operation)}", "", operation["description"], "")
    fields = [_parameter(each) for each in operation["parameters"]]
    yield from _table(("parameter", "in", "type", "meaning"), fields)
    yield from _body(operation, document)
    yield from _request(method, path, operation)
    yield from _responses(operation)


def _scopes(operation: Json) -> str:
    scopes = sorted({scope for need in operation["security"] for each in need.values() for scope in each})
    return f"scope {' or '.join(f'`{scope}`' for scope in scopes)}" if scopes else "no key needed"


def _parameter(parameter: Json) -> tuple[str, ...]:
    return (
        f"`{parameter['name']}`{' (required)' if parameter['required'] else ''}",
        parameter["in"],
        _type(parameter["schema"]),
        parameter["description"],
    )


def _body(operation: Json, document: Json) -> Iterator[str]:
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from _fields(f"field of the body (`{media}`)", _resolved(content["schema"], document))


def _fields(head: str, schema: Json) -> Iterator[str]:
    required = schema.get("required", ())
    rows = [
        (f"`{name}`{' (required)' if name in required else ''}", _type(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    yield from _table((head, "type", "meaning"), rows)


def _request(method: str, path: str, operation: Json) -> Iterator[str]:
    given = {(each["in"], each["name"]): each["example"] for each in operation["parameters"] if "example" in each}
    filled = re.sub(r"{(\w+)}", lambda match: quote(str(given.get(("path", match[1]), match[0]))), path)
    query = [(name, value) for (place, name), value in given.items() if place == "query"]
    url = f"{ADDRESS}{filled}{'?' if query else ''}{urlencode(query, doseq=True, quote_via=quote)}"
    command = f"curl {'' if method == 'GET' else f'-X {method} '}{shlex.quote(url)}"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        if "example" in content:
            command += _sent(media, content["example"])
    yield from ("```sh", command, "```", "")


def _sent(media: str, example: Json) -> str:
    if media == "application/json":
        body = json.dumps(example, indent=2, ensure_ascii=False)
        return f" -H 'Content-Type: {media}' -d {shlex.quote(body)}"
    option = "-F" if media == "multipart/form-data" else "-d"
    return "".join(f" {option} {shlex.quote(f'{name}={value}')}" for name, value in example.items())


def _responses(operation: Json) -> Iterator[str]:
    """Yield the responses of this operation alone; `errors.md` lists those that all share."""
    own = {status: response for status, response in operation["responses"].items() if "$ref" not in response}
    for status, response in own.items():
        for media, content in response.get("content", {}).items():
            if "example" in content and status.startswith("2"):
                yield from _example(media, content["example"])
    rows = [(status, response["description"], _contents(response)) for status, response in own.items()]
    yield from _table(("status", "meaning", "body"), rows)


def _contents(response: Json) -> str:
    contents = response.get("content", {}).items()
    return ", ".join(_type(content["schema"]) if "schema" in content else f"`{media}`" for media, content in contents)


def _example(media: str, example: object) -> Iterator[str]:
    text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    yield from (f"```{LANGUAGES.get(media, 'text')}", *text.rstrip().splitlines(), "```", "")


def _type(schema: Json) -> str:
    """Return a schema's type in words, such as `integer, 1 to 100` or `list of Track`."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(each) for each in choices if each.get("type") != "null"))
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    name = str(schema.get("format", schema.get("type", "anything")))
    low, high = (schema.get(bound) for bound in ("minimum", "maximum"))
    return name + (f", {low} to {high}" if low is not None and high is not None else "")


def _resolved(schema: Json, document: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        for row in rows:
            yield f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in row)} |"
        yield ""


def _anchor(name: str) -> str:
    return f"schema-{name.lower()}"


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
