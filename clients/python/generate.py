"""Write the generated parts of the Python client: `python clients/python/generate.py`.

The models come from the OpenAPI document of the service beside this folder, the synchronous client from the
asynchronous one. The package contains both, so that installing it generates nothing.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import unasync

from services.api.openapi.__main__ import read_document

PACKAGE = Path(__file__).parent / "segue_client"
Schema = dict[str, Any]

# The APIs of other systems have clients of their own.
FOREIGN = {"Compatibility", "ListenBrainz"}
REFERENCE = "#/components/schemas/"
# The service checks requests. Without these, a client of this version also reads the answers of the next one.
DROPPED = {
    *(
        "patternProperties",
        "propertyNames",
        "title",
        "example",
        "examples",
        "default",
        "additionalProperties",
        "format",
        "discriminator",
    ),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
}
KEPT_FORMATS = {"date-time", "date"}
# Fewer fields than this may be the same by chance.
FIELDS_OF_A_BASE = 5
MODEL_OPTIONS = (
    *("--input-file-type", "openapi", "--openapi-scopes", "schemas"),
    *("--output-model-type", "pydantic_v2.BaseModel", "--base-class", "segue_client.model.Model"),
    *("--target-python-version", "3.11", "--use-standard-collections", "--use-union-operator", "--use-annotated"),
    *("--enum-field-as-literal", "all", "--collapse-root-models", "--strict-nullable", "--disable-timestamp"),
    *("--use-schema-description", "--use-field-description", "--use-double-quotes", "--formatters", "ruff-format"),
)
KNOWN = '--config=lint.isort.known-third-party=["segue_client"]'
# Not the configuration of the folder: a test compares the file with one elsewhere.
SORT_IMPORTS = ("check", "--quiet", "--isolated", "--select=I", "--fix", KNOWN)
FORMAT = ("format", "--quiet", "--isolated", "--line-length=120", "--config=format.skip-magic-trailing-comma=true")
RENAMED = {
    "AsyncSegue": "Segue",
    "AsyncRadio": "Radio",
    "AsyncConnection": "Connection",
    "AsyncTables": "Tables",
    "aclose": "close",
}
RENAMED |= {"AsyncClient": "Client", "AsyncBaseTransport": "BaseTransport", "_async": "_sync", "asyncio": "time"}


def write_models(document: Schema, file: Path) -> None:
    """Write one pydantic model for each schema of Segue's own API."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(json.dumps(simplify(document)), encoding="utf-8")
        command = [sys.executable, "-m", "datamodel_code_generator", *MODEL_OPTIONS]
        subprocess.run([*command, "--input", source, "--output", file], check=True)  # noqa: S603
        for formatter in (SORT_IMPORTS, FORMAT):
            subprocess.run([sys.executable, "-m", "ruff", *formatter, file], check=True)  # noqa: S603


def write_sync(source: Path, destination: Path) -> None:
    """Write the synchronous client: the asynchronous one without `async` and `await`."""
    rule = unasync.Rule(str(source), str(destination), additional_replacements=RENAMED)
    unasync.unasync_files([str(file) for file in sorted(source.glob("*.py"))], [rule])


def simplify(document: Schema) -> Schema:
    """Return a document with the schemas of Segue's own API only, without what a reader of answers does not need."""
    every = document["components"]["schemas"]
    wanted: dict[str, Schema] = {}
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    own = [each for each in operations if not FOREIGN & set(each["tags"])]
    received = _reachable(every, ["Problem", "NotReady", *_references([each["responses"] for each in own])])
    for name in _reachable(every, [*received, *_references([_json_of(each) for each in own])]):
        schema = _stripped(every[name])
        wanted[name] = _tolerant(schema) if name in received else schema
    derived = {name: _derived(name, schema, wanted) for name, schema in sorted(wanted.items())}
    return {"openapi": "3.1.0", "info": document["info"], "paths": {}, "components": {"schemas": derived}}


def _json_of(operation: Schema) -> Schema:
    """Return what an operation takes and returns as JSON; the client composes queries and uploads itself."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return {"responses": operation["responses"], "body": body}


def _reachable(every: dict[str, Schema], waiting: list[str]) -> list[str]:
    found: list[str] = []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += _references(every[name])
    return found


def _tolerant(node: Any) -> Any:  # noqa: ANN401  any JSON
    """Return a schema that also accepts the values that a newer service adds to an enumeration."""
    if isinstance(node, list):
        return [_tolerant(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "enum" in node and node.get("type") == "string":
        described = {"description": node["description"]} if "description" in node else {}
        return {"anyOf": [node, {"type": "string"}]} | described
    return {name: _tolerant(value) for name, value in node.items()}


def _references(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref" and str(value).startswith(REFERENCE):
                yield str(value).removeprefix(REFERENCE)
            else:
                yield from _references(value)


def _stripped(schema: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(schema, list):
        return [_stripped(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: _stripped(value) for name, value in schema.items() if name not in DROPPED and name != "properties"}
    if "properties" in schema:  # their names are not keywords
        kept["properties"] = {name: _stripped(value) for name, value in schema["properties"].items()}
    if schema.get("format") in KEPT_FORMATS:
        kept["format"] = schema["format"]
    for values in schema.get("patternProperties", {}).values():
        kept["additionalProperties"] = _stripped(values)
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _stripped(schema["additionalProperties"])
    return kept


def _derived(name: str, schema: Schema, every: dict[str, Schema]) -> Schema:
    """Return the schema as an extension of the largest other one whose fields it has, if there is one."""
    own = schema.get("properties", {})
    bases = [other for other, base in every.items() if other != name and _extends(schema, base)]
    if not bases:
        return schema
    base = max(bases, key=lambda other: (len(every[other]["properties"]), other))
    inherited = every[base]["properties"]
    rest = {field: value for field, value in own.items() if field not in inherited}
    more = schema | {"properties": rest, "required": [each for each in schema.get("required", []) if each in rest]}
    return {"allOf": [{"$ref": REFERENCE + base}, more], "description": schema.get("description", "")}


def _extends(schema: Schema, base: Schema) -> bool:
    own, inherited = schema.get("properties", {}), base.get("properties", {})
    if not FIELDS_OF_A_BASE <= len(inherited) < len(own):
        return False
    required = {each for each in schema.get("required", []) if each in inherited}
    same = all(own.get(field) == value for field, value in inherited.items())
    return same and required == set(base.get("required", []))


if __name__ == "__main__":
    write_models(read_document(), PACKAGE / "models.py")
    write_sync(PACKAGE / "_async", PACKAGE / "_sync")
